"""Style and script of the page; both stand inside the file, and the page is whole without the script."""

STYLE = """
:root{--ink:#1c2430;--soft:#5b6675;--line:#dfe4ea;--paper:#f6f7f9;--card:#fff;--mark:#fff3bf;--edge:#e0a800;
--element:#1864ab;--code:#5f3dc4;--hl7:#087f5b;--our:#a03c00;--not:#5b6675;--lost:#b00020}
*{box-sizing:border-box}
body{margin:0;height:100vh;display:flex;flex-direction:column;background:var(--paper);color:var(--ink);
font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
header{padding:12px 20px;background:var(--card);border-bottom:1px solid var(--line)}
h1{margin:0 0 4px;font-size:18px}
header p{margin:0 0 8px;color:var(--soft)}
.legend{display:flex;flex-wrap:wrap;gap:6px 18px;margin:0;padding:0;list-style:none;font-size:13px}
.legend li::before{content:"";display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:6px;
background:var(--how)}
.how-element{--how:var(--element)}.how-code{--how:var(--code)}.how-hl7{--how:var(--hl7)}
.how-our{--how:var(--our)}.how-not{--how:var(--not)}.how-lost{--how:var(--lost)}
main{flex:1;min-height:0;display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr)}
.column{overflow:auto;padding:0 20px 60vh;scroll-behavior:smooth}
.column+.column{border-left:1px solid var(--line)}
h2{position:sticky;top:0;z-index:1;margin:0 -20px;padding:8px 20px;background:var(--paper);
font-size:13px;color:var(--soft);border-bottom:1px solid var(--line)}
details{margin:10px 0;background:var(--card);border:1px solid var(--line);border-radius:8px}
summary{padding:6px 12px;cursor:pointer}
h3{display:inline;font-size:14px;font-weight:600;overflow-wrap:anywhere}
ul{list-style:none;margin:0;padding:0}
.leaves,.tree{padding:0 0 6px}
.leaf{padding:5px 12px 5px 10px;border-left:3px solid var(--how);border-top:1px solid #eef1f4}
.tree ul{margin-left:6px;padding-left:10px;border-left:1px solid #eef1f4}
.tree li{padding:1px 0 1px 10px}
.tree .place{border-left:3px solid var(--how);margin-left:7px;padding-left:6px;border-radius:2px}
.name{color:var(--soft);margin-right:6px;overflow-wrap:anywhere}
.value{white-space:pre-wrap;overflow-wrap:anywhere;max-height:12em;overflow:auto;display:inline-block;
vertical-align:top;max-width:100%}
.links,.reason{display:block;font-size:12px;overflow-wrap:anywhere;color:var(--soft)}
.links a{color:var(--how);text-decoration:none;margin-right:10px}
.links a:hover,.links a:focus{text-decoration:underline}
.leaf .links a::before{content:"\\2192\\00a0"}
.place .links a::before{content:"\\2190\\00a0"}
.place .links{display:inline;margin-left:10px}
.place,.leaf{cursor:pointer;scroll-margin-top:45vh}
.lit,:target{background:var(--mark);box-shadow:inset 0 0 0 1px var(--edge)}
:focus-visible{outline:2px solid var(--element);outline-offset:1px}
@media (max-width:800px){body{height:auto}main{display:block}.column{overflow:visible;padding-bottom:20px}}
@media (prefers-reduced-motion:reduce){.column{scroll-behavior:auto}}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#a2adba;--line:#343c47;--paper:#14181d;
--card:#1b2027;--mark:#4d3f00;--edge:#c69a00;--element:#74b8f5;--code:#b6a2ff;--hl7:#5fd3a8;--our:#ffa667;
--not:#a2adba;--lost:#ff8095}.leaf{border-top-color:#262d36}.tree ul{border-left-color:#343c47}}
@media print{body{height:auto}main{display:block}.column{overflow:visible;padding-bottom:0}}
"""

SCRIPT = """
(function(){
var lit=[];
function partners(item){
  var names=item.classList.contains("leaf")?[item.dataset.places,"p"]:[item.dataset.leaves,"s"];
  return (names[0]||"").split(" ").filter(Boolean).map(function(n){
    return document.getElementById(names[1]+n)}).filter(Boolean)}
function light(item){
  lit.forEach(function(e){e.classList.remove("lit")});
  lit=item?[item].concat(partners(item)):[];
  lit.forEach(function(e){e.classList.add("lit")})}
function under(event){return event.target.closest&&event.target.closest(".leaf[id],.place")}
document.addEventListener("mouseover",function(event){var item=under(event);if(item)light(item)});
document.addEventListener("focusin",function(event){var item=under(event);if(item)light(item)});
document.addEventListener("click",function(event){
  var item=under(event);
  if(!item||String(getSelection()))return;
  var link=event.target.closest("a");
  var other=link?document.getElementById(link.hash.slice(1)):partners(item)[0];
  if(!other)return;
  event.preventDefault();
  light(item);
  var box=other.closest("details");if(box)box.open=true;
  other.scrollIntoView({block:"center",inline:"nearest"});
  if(link){history.replaceState(null,"",link.hash);other.tabIndex=-1;other.focus({preventScroll:true});light(item)}});
})();
"""
