package fhirtrial.judge;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.hl7.fhir.common.hapi.validation.validator.FhirDefaultPolicyAdvisor;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.common.hapi.validation.validator.WorkerContextValidationSupportAdapter;
import org.hl7.fhir.r5.elementmodel.Manager.FhirFormat;
import org.hl7.fhir.r5.model.StructureDefinition;
import org.hl7.fhir.r5.utils.validation.ValidatorSession;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;
import org.hl7.fhir.r5.utils.validation.constants.IdStatus;
import org.hl7.fhir.r5.utils.xver.XVerExtensionManagerOld;
import org.hl7.fhir.utilities.validation.ValidationMessage;
import org.hl7.fhir.validation.ValidatorSettings;
import org.hl7.fhir.validation.instance.InstanceValidator;

/** One InstanceValidator, for one thread at a time. HAPI builds a new one for every resource, at 17 ms each. */
final class Engine {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** An InstanceValidator keeps every tree it has seen, so it is renewed after this many characters. */
  private static final int RENEW_AFTER = 300_000;

  private final WorkerContextValidationSupportAdapter worker;
  private InstanceValidator validator;
  private int seen;

  Engine(WorkerContextValidationSupportAdapter worker) {
    this.worker = worker;
  }

  /** The OperationOutcome of one line; never throws, for the next line must get its answer too. */
  String answer(String line) {
    ObjectNode outcome = MAPPER.createObjectNode().put("resourceType", "OperationOutcome");
    ArrayNode issues = outcome.putArray("issue");
    try {
      for (ValidationMessage message : validate(line)) add(issues, message);
    } catch (Exception | StackOverflowError thrown) {
      validator = null; // its state is unknown now
      add(issues, "fatal", "exception", "EXCEPTION", String.valueOf(thrown));
    }
    if (issues.isEmpty()) {
      add(issues, "information", "informational", "NO_ISSUES", "No issues detected during validation");
    }
    return outcome.toString();
  }

  private List<ValidationMessage> validate(String json) throws IOException {
    seen += json.length();
    if (validator == null || seen > RENEW_AFTER) {
      validator = newValidator();
      seen = json.length();
    }
    List<ValidationMessage> messages = new ArrayList<>();
    validator.validate(
        null,
        messages,
        new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)),
        FhirFormat.JSON,
        new ArrayList<StructureDefinition>());
    return messages;
  }

  private InstanceValidator newValidator() {
    InstanceValidator made = new InstanceValidator(
        worker,
        new FhirInstanceValidator.NullEvaluationContext(),
        new StableXVerExtensions(worker),
        new ValidatorSession(),
        new ValidatorSettings());
    made.setAnyExtensionsAllowed(false); // an unknown extension is an error, as in HL7's own command line
    made.setErrorForUnknownProfiles(true);
    made.setNoTerminologyChecks(false);
    made.setNoExtensibleWarnings(false);
    made.setUnknownCodeSystemsCauseErrors(true); // left to the last link of the chain, which warns
    made.setAssumeValidRestReferences(true); // nothing can be fetched offline; target types are still checked
    made.setResourceIdRule(IdStatus.OPTIONAL);
    made.setBestPracticeWarningLevel(BestPracticeWarningLevel.Ignore);
    made.setPolicyAdvisor(new FhirDefaultPolicyAdvisor());
    made.setAllowXsiLocation(true);
    return made;
  }

  private static void add(ArrayNode issues, ValidationMessage message) {
    String text = message.getMessage();
    if (text != null && text.contains("has no source, so can't be checked")) return;
    // HAPI raises an unknown profile to an error itself, after the engine.
    boolean unknownProfile = "Validation_VAL_Profile_Unknown".equals(message.getMessageId());
    String severity = unknownProfile ? "error" : message.getLevel().toCode();
    String code = message.getType() == null ? "processing" : message.getType().toCode();
    ObjectNode issue = add(issues, severity, code, message.getMessageId(), text);
    if (message.getLocation() != null) issue.putArray("expression").add(message.getLocation());
  }

  private static ObjectNode add(ArrayNode issues, String severity, String code, String id, String text) {
    ObjectNode issue = issues.addObject().put("severity", severity).put("code", code);
    ObjectNode details = issue.putObject("details");
    if (id != null) {
      details.putArray("coding").addObject()
          .put("system", "http://hl7.org/fhir/java-core-messageId")
          .put("code", id);
    }
    details.put("text", text);
    return issue;
  }

  /** Gives one object per url: a reused validator caches by definition and would lose errors otherwise. */
  private static final class StableXVerExtensions extends XVerExtensionManagerOld {
    private final Map<String, StructureDefinition> known = new HashMap<>();

    StableXVerExtensions(WorkerContextValidationSupportAdapter worker) {
      super(worker);
    }

    @Override
    public StructureDefinition getDefinition(String url) {
      return known.computeIfAbsent(url, super::getDefinition);
    }
  }
}
