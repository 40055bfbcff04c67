"""How numbers, units, comparisons and times are written; all patterns read lower case."""


def listed(words: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(words.split())


WORD_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18,
    "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90, "hundred": 100,
}  # fmt: skip
_TENS = "(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
_ONES = "(?:one|two|three|four|five|six|seven|eight|nine)"
TIMES = {"twice": 2, "thrice": 3}
"""Numbers only in front of a limit of normal."""
ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6}
ROMAN |= {"ⅰ": 1, "ⅱ": 2, "ⅲ": 3, "ⅳ": 4, "ⅴ": 5, "ⅵ": 6}
NUMERALS = frozenset({*WORD_NUMBERS, *ROMAN})
"""What a number in words or in roman numerals begins with."""

_AND = r"\s*+(?:,\s*+|and\s++|plus\s++|[+&]\s*+)?+"
_NOT_A_RHYTHM = r"(?![a-z0-9])(?!\s*(?:a|per|each|every|/|out\s+of|of\s+the)\s*(?:week|month|year|day))"
NUMBER = (
    # Weeks with days behind them: "23 4/7", "234/7" (a lost superscript) and "23+4 weeks".
    r"(?:\d{1,2}+(?:\s++(?:and\s+)?|\s*+\+\s*)[0-6]\s?/\s?7(?![\d/.])|[1-4]\d[0-6]/7(?![\d/.])"
    r"|[1-4]\d\s?\+\s?[0-6](?=\s*(?:(?:-|–|to|and)\s*[1-4]\d\s?\+\s?[0-6]\s*)?(?:weeks?|wks?|w)\b)"
    # Thousands, also with a blank behind their comma, if what is counted is in a volume: "15, 000/µL".
    r"|\d{1,3}+(?:(?:[,'’ \xa0]\d{3})+(?:\.\d+)?(?![\d,])|,\s\d{3}(?=\s?(?:cells\s?)?(?:/|per\b)))"
    r"|\d+(?:[.,·]\d+)*|\.\d+"
    rf"|(?:{_TENS}[\s-]{_ONES}|{'|'.join(sorted(WORD_NUMBERS, key=len, reverse=True))})\b(?:\s*\(\d+\))?"
    r"|(?:iii|ii|iv|vi|i|v)\b(?!\.\w|\.?\s?\d)|[ⅰⅱⅲⅳⅴⅵ]"
    r"|(?:twice|thrice)(?=\s+(?:(?:higher|greater|more|above|than|the|institution\w*|lab\w*|local)\s+){0,4}"
    r"(?:normal|upper|i?uln|unl)\b))"
)
TIME = (
    r"(?P<time>-?\s*(?:(?:completed|full)\s+)?(?:"
    rf"(?>weeks?|wks?|w){_AND}(?P<days>[0-6])\s*-?\s*(?:days?|d){_NOT_A_RHYTHM}"
    rf"|(?>years?|yrs?|y){_AND}(?P<months>1[01]|\d)\s*-?\s*(?:months?|mos?){_NOT_A_RHYTHM}"
    r"|years?|yrs?|y(?!\s?[./]?\s?o\b)(?=\s*\b)|months?|mos?\b|weeks?|wks?|days?|hours?|hrs?|h(?=\W|$))"
    r"(?:['’]s?)?(?![a-z0-9]))(?:\s*-\s*(?=old))?"
)
LIMIT = (
    r"(?P<limit>(?:[x×✕*·•⋅∙]\s*|times\s+|-?\s*folds?\s+|\s*-\s*times\s+)?(?:(?:greater|higher|more|above|over|than|of|as\s+high\s+as)\s+){0,2}"
    r"(?:the\s+)?(?:(?:institution(?:al|'s|’s)?|institutes?|local|laborator(?:y|ies)|lab|central|site|center|study|normal"
    r"|applicable|respective|age[- ]?(?:appropriate|adjusted|specific)?)['’]?s?\s+){0,3}"
    r"(?:i?uln|unl|i?lln|(?P<side>upper|lower)\s+(?:limits?|levels?|values?|range|end|bounds?|boundary)"
    r"(?:\s+of)?(?:\s+the)?(?:\s+(?:institutional|laboratory|local|reference)(?:['’]s)?)?(?:\s+normal)?"
    r"(?:\s+(?:range|value|limit|reference)s?)?|(?:upper|lower|maxim(?:al|um))\s+normal(?:\s+(?:range|limit|value)s?)?"
    r"|(?:upper|lower)\s+reference\s+(?:limit|range)s?|normal\s+(?:upper|lower)\s+limits?"
    r"|normal\s+limits?(?=\s*\(\s*(?:uln|unl|lln)\s*\)))"
    r"(?![a-z])(?:\s*\(\s*(?:uln|unl|lln)\s*\))?"
    r"(?:\s*(?:of|for)\s+(?:the\s+)?(?:normal|reference|laborator(?:y|ies)(?:['’]s)?|institution\w*(?:['’]s)?"
    r"|local lab\w*)(?:\s+(?:normal|reference))?(?:\s+(?:range|values?|laboratory))?)?+"
    r"(?!\s*(?:\+|plus\s)\s*\d))"
)
"""A limit of normal, but not "ULN + 4 seconds", which is no multiple of it."""
NORMAL = (
    r"(?P<normal>(?:(?:[x×✕*·•⋅∙]\s*|times\s+|-?\s*folds?\s+)|(?<=twice\s)|(?<=thrice\s))"
    r"(?:(?:greater|higher|more|above|over|than|of)\s+){0,2}(?:the\s+)?"
    r"(?:(?:institution(?:al|'s|’s)?|local|laboratory)\s+)?normal(?:\s+(?:limits?|values?|ranges?|levels?))?"
    r"(?![a-z])(?!\s+(?:saline|dose|amount))|[x×✕*]\s*n(?![a-z0-9]))"
)
"""Times "normal", which is read as its upper limit."""
BEFORE_LIMIT = r"(?:the\s+)?(?:institutional\s+)?(?:i?uln|unl|i?lln|upper|lower)(?![a-z])"
"""What must follow a number for an "x" before it to be that of a multiple ("> x3 ULN")."""
RANK = (
    r"(?P<rank>(?:st|nd|rd|th)(?=\s*(?:to|and|[-–])"
    r"\s*(?:the\s+)?\d{1,2}(?:st|nd|rd|th)\s*-?\s*(?:per)?centile))"
)
"""The ending of the first of two percentiles ("5th to 85th percentile")."""
POWER = (
    r"(?:(?:[x×✕*·•⋅∙´]|ã—)\s*)?10\s*(?:\^|ˆ|\*\*|\*|e|exp|\()?\s*(?P<power>12|[369]|[³⁶⁹])\)?\s*(?:cells|platelets)?"
    r"\s*(?P<per>(?:[/⁄]|per)\s*(?:l|ml|µl|μl|ul|mcl|mm3|mm\^3|mm³|cumm|(?:micro|milli)?lit(?:er|re)s?|microl)(?![a-z0-9]))"
)
LARGE = (
    r"(?P<large>(?:[x×✕*·•⋅∙]\s*10\s?|(?=[\^⁰¹²³⁴⁵⁶⁷⁸⁹])(?:(?<=\b10)|(?<=\b10\s)))"
    r"(?:\^\s?\d\d?|[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2}))(?!\d)"
)
"""What makes a number a power of ten ("1 x 10^4", "10⁴"), in front of a unit of viruses."""
SCALE = (
    r"\s?(?P<scale>/(?<!\d\d\d/)(?<!\d\d\d\s/)\s?(?:10|15|30|100)(?![\d/]|[.,]\d)"
    r"|out\s+of\s+(?:10|15|27|30|100)(?!\d))"
)
"""The upper end of a scale behind the points reached on it; "120/100" is a pressure."""
ANCHOR = (
    r"(?:(?:the|their|your|study|initial|first|signing|signature|of|written|informed|randomi[sz]ation|trial|time|a"
    r"|date|point|day|providing|giving|obtaining|entering|starting|this|in)\s+){0,6}"
    r"(?:screening|baseline|enrol?lments?|randomi[sz]ation|inclusion|entry|recruitment|registration"
    r"|consent(?:ing|ed)?|(?:first|initial)\s+(?:dose|dosing|administration)|start|visit\s*(?:\d|v\d)?|assent|dosing"
    r"|study|trial|icf|participation|vaccination|informed\s+consent\s+form|screen|procedure|surgery|treatment"
    r"|(?:hospital\s+)?admission|transplant(?:ation)?)"
    r"(?:\s+(?:visit|period|phase|screening|form|entry|date|assessment))?"
    r"(?:\s+(?:of|into|in|to|for|with)\s+(?:the\s+)?(?:(?:study|investigational|trial|protocol)\s*(?:drugs?|treatments?"
    r"|products?|medications?|agents?|therapy|intervention|entry|enrolment)?|treatment|therapy"
    r"|informed consent|consent|screening))?(?![a-z])"
)
_MOMENT = r"(?:screening|baseline|enrol?lment|randomi[sz]ation)(?:\s+(?:visit|period|phase))?(?![a-z])"
"""The second of two moments ("at screening and baseline")."""
WINDOW = (
    r"(?:(?:within|in|during|over(?=\s+the\s))\s+(?:the\s+)?(?:last|past|previous|prior|preceding|first)?\s*"
    r"(?P<span>\d+|one|two|three|four|five|six|seven|eight|ten|twelve)(?:\s*\(\s*\w+\s*\))?\s*-?"
    r"(?P<spanunit>hours?|hrs?|h|days?|weeks?|wks?|months?|years?|d)(?![a-z])(?:['’])?"
    r"(?:\s*(?:\([+±-]?\s*\d+\s*days?\)\s*)?(?:immediately\s+)?(?:prior\s+to|before|preceding|of|from|following|after)\s+"
    rf"{ANCHOR})?"
    rf"|(?:at|prior\s+to|before|on(?!\s+(?:(?:the|study|trial)\s+)*(?:treatment|study))|during|upon|by|when|as\s+of)\s+{ANCHOR}"
    rf"(?:\s+(?:and|or)\s+(?:at\s+)?(?:the\s+)?{_MOMENT})?)"
)
_OR_EQUAL = r"\s+(?:or|and)\s+equals?(?:\s+to)?"
_SINCE_BIRTH = r"birth\s+(?:to|through|until|till)(?=\s+\d)"
GE = (
    r"≥(?:\s*to(?=\s*\d))?|⩾|≧|＞＝|=\s*or\s*>|â‰¥|>\s*/?\s*=|=\s*/?\s*>|>\s*or\s*=(?:\s*to\b)?|≥\s*/\s*=|>\s*/\s*=|>\s*or\s+equal(?:\s+to)?|\\geq?"
    r"|(?:greater|more|higher|older|larger|longer|bigger)\s+(?:than\s+)?(?:(?:or|and)\s+)?equals?\s+(?:to|than)?"
    r"|(?:greater|more|higher|older|larger)\s+than\s*(?:,\s*)?(?:or|/)\s*(?:equal(?:s)?(?:\s+to)?|=)"
    r"|equal(?:s)?\s*(?:to)?\s*(?:or|/|and)\s*(?:greater|more|above|higher|older|over|larger|superior)(?:\s+(?:than|to))?"
    rf"|superior{_OR_EQUAL}|above{_OR_EQUAL}|over{_OR_EQUAL}"
    r"|(?:at|of|with)?\s*(?:the\s+)?(?:at\s+least|a\s+minimum\s+of|at\s+a\s+minimum"
    r"|minimum\s+of|minimum|minimally|min\.?(?=\s*\d))"
    r"|(?:no|not|never|nor)\s+(?:be\s+)?(?:less|lower|fewer|younger|smaller|shorter|under|below)\s*(?:than)?"
    r"|not\s*<(?!\s*[=/])|not\s+inferior\s+to|at\s*(?:or|/)\s*(?:above|over)|starting\s+(?:at|from)"
    r"|from\s+(?=\d+\s*(?:years?|yrs?)?\s*(?:and|or|of age and|of age or)\s+(?:older|above|over))"
    # Signs that lost their shape: an underlined one, an entity, a code point, the letter of a symbol font.
    r"|>\s?_(?=\s*\d)|&(?:ge|#8805|#x2265);|&gt;\s*=|<u\+226[57]>|›\s*=|³(?<=\s³)(?=\s*\d)"
)
LE = (
    r"≤(?:\s*to(?=\s*\d))?|⩽|≦|=\s*or\s*<|â‰¤|<\s*/?\s*=|=\s*/?\s*<|<\s*or\s*=(?:\s*to\b)?|≤\s*/\s*=|<\s*or\s+equal(?:\s+to)?|\\leq?"
    r"|(?:less|lower|fewer|younger|smaller|shorter)\s+(?:than\s+)?(?:(?:or|and)\s+)?equals?\s+(?:to|than)?"
    r"|(?:less|lower|fewer|younger|smaller)\s+than\s*(?:,\s*)?(?:or|/)\s*(?:equal(?:s)?(?:\s+to)?|=)"
    r"|equal(?:s)?\s*(?:to)?\s*(?:or|/|and)\s*(?:less|lower|below|under|younger|smaller|fewer|inferior)(?:\s+(?:than|to))?"
    rf"|inferior{_OR_EQUAL}|below{_OR_EQUAL}|under{_OR_EQUAL}"
    r"|at\s*(?:or|/)\s*(?:below|under)|at\s+most|a\s+maximum\s+of|maximum\s+of|maximum|max\.?(?=\s*\d)|up\s+to(?:\s+and\s+including)?"
    r"|(?:no|not|never|nor)\s+(?:be\s+)?(?:more|greater|higher|older|larger|longer|over|above)\s*(?:than)?"
    rf"|not\s+superior\s+to|{_SINCE_BIRTH}|from\s+{_SINCE_BIRTH}"
    r"|(?:not|no|never)\s+(?:to\s+)?exceed(?:s|ing|ed)?|not\s*>|not\s+in\s+excess\s+of"
    r"|<\s?_(?=\s*\d)|&(?:le|#8804|#x2264);|&lt;\s*=|<u\+226[46]>|‹\s*=|£(?=\s*\d)"
)
GT = (
    r">{1,2}|&gt;|›|＞|﹥|(?:greater|more|higher|older|larger|longer|bigger)\s+than|over(?![a-z]|\s+the\s+(?:past|last))|above(?![a-z])"
    r"|exceed(?:s|ing|ed)?"
    r"|in\s+excess\s+of|superior\s+to|beyond(?![a-z])|older\s+then|greater\s+then|more\s+then|higher\s+then|greater(?=\s*\d)"
)
LT = (
    r"<{1,2}|&lt;|‹|＜|﹤|(?:less|lower|fewer|younger|smaller|shorter)\s+(?:than|then)|under(?![a-z])|below(?![a-z])|inferior\s+to"
    r"|less(?=\s*\d)"
)
OUTSIDE = r"(?<!not\s)outside(?:\s+of)?(?:\s+the)?(?:\s+range)?(?:\s+(?:of|from|between))?(?=\s*\(?\s*\d)"
_OTHERS = (
    "(?:th[ae]n|adult|people|person|patient|subject|individual|child|infant|newborn|sibling|brother|sister|wom[ae]n"
    "|m[ae]n|participant|volunteer)"
)
"""What "older" and "younger" stand before when they are of other people, or compare with what follows."""
POST = (
    r"(?P<postge>\+(?!\s*\d)(?:\s*(?:years?|yrs?)(?![a-z]))?|(?:or|and|&)\s+up(?![a-z]|\s+to)|plus(?=\s|$)"
    r"|or\s+older(?=\s+(?:patient|subject|participant|individual|people|person|adult)s?\b)"
    rf"|(?:or|and|&|/|,)?\s*(?:older|upwards?|elder)(?![a-z])(?!\s+{_OTHERS})"
    r"|(?:or|and|&)\s+(?:over|above|more|greater|higher|longer|beyond|at\s+least)(?!\s*(?:than|then|or\s+(?:=|equal)|[\d≥>=]|the\s+age)))"
    rf"|(?P<postle>(?:or|and|&|/|,)?\s*younger(?![a-z])(?!\s+{_OTHERS})"
    r"|(?:or|and|&)\s+(?:under|below|less|lower|fewer|shorter|smaller)(?!\s*(?:than|then|or\s+(?:=|equal)|[\d≤<=]|the\s+age)))"
)
