package fhirtrial.judge;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.WorkerContextValidationSupportAdapter;

/**
 * HL7's validation engine, offline, as a filter: {@code Judge R4|R4B|R5 THREADS [DEFINITIONS]...}.
 * One JSON resource or Bundle a line on stdin, one OperationOutcome a line on stdout, in the same order.
 * Prints one line "READY ..." on stderr when the definitions are loaded; ends at the end of stdin.
 */
public final class Judge {

  private Judge() {}

  public static void main(String[] args) throws Exception {
    PrintStream outcomes = System.out;
    System.setOut(System.err); // the libraries print; only outcomes may reach stdout
    long start = System.nanoTime();
    FhirContext context = context(args[0]);
    PrePopulatedValidationSupport ours = new PrePopulatedValidationSupport(context);
    for (int i = 2; i < args.length; i++) Definitions.load(context, ours, Path.of(args[i]));

    WorkerContextValidationSupportAdapter worker =
        WorkerContextValidationSupportAdapter.newVersionSpecificWorkerContextWrapper(chain(context, ours));
    List<Engine> engines = new ArrayList<>();
    for (int i = 0; i < Integer.parseInt(args[1]); i++) engines.add(new Engine(worker));
    for (Engine engine : engines) engine.answer("{\"resourceType\":\"Basic\",\"code\":{\"text\":\"warm up\"}}");

    System.err.printf(Locale.ROOT, "READY %s, %d definitions of ours, %.1f s%n",
        args[0], ours.countAll(), (System.nanoTime() - start) / 1e9);
    Filter.run(engines, System.in, outcomes);
  }

  private static FhirContext context(String release) {
    return switch (release) {
      case "R4" -> FhirContext.forR4();
      case "R4B" -> FhirContext.forR4B();
      case "R5" -> FhirContext.forR5();
      default -> throw new IllegalArgumentException("R4, R4B or R5, not " + release);
    };
  }

  private static ValidationSupportChain chain(FhirContext context, PrePopulatedValidationSupport ours) {
    // Without the last link a code system that is nowhere loaded (MeSH) is an error, with it a warning.
    return new ValidationSupportChain(
        ValidationSupportChain.CacheConfiguration.defaultValues()
            .setCacheTimeout(Duration.ofDays(7))
            .setCacheSize(50_000),
        ours,
        new DefaultProfileValidationSupport(context),
        new CommonCodeSystemsTerminologyService(context),
        new InMemoryTerminologyServerValidationSupport(context),
        new SnapshotGeneratingValidationSupport(context),
        new UnknownCodeSystemWarningValidationSupport(context));
  }
}
