package fhirtrial.judge;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.util.BundleUtil;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.instance.model.api.IBaseBundle;
import org.hl7.fhir.instance.model.api.IBaseResource;

/** Loads StructureDefinitions, CodeSystems and ValueSets for the engine to know. */
final class Definitions {

  private Definitions() {}

  /** A JSON resource, a Bundle of them, an xver-paths file, or a folder of these (not its subfolders). */
  static void load(FhirContext context, PrePopulatedValidationSupport into, Path path) throws IOException {
    String name = path.getFileName().toString();
    if (Files.isDirectory(path)) {
      for (Path file : jsonFiles(path)) load(context, into, file);
    } else if (name.startsWith("xver-paths")) {
      into.addBinary(Files.readAllBytes(path), name);
    } else {
      for (IBaseResource resource : resources(context, Files.readString(path))) add(into, resource);
    }
  }

  private static List<Path> jsonFiles(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".json")).sorted().toList();
    }
  }

  private static List<IBaseResource> resources(FhirContext context, String json) {
    IBaseResource resource = context.newJsonParser().parseResource(json);
    return resource instanceof IBaseBundle bundle
        ? BundleUtil.toListOfResources(context, bundle)
        : List.of(resource);
  }

  private static void add(PrePopulatedValidationSupport into, IBaseResource resource) {
    switch (resource.fhirType()) {
      case "StructureDefinition" -> into.addStructureDefinition(resource);
      case "CodeSystem" -> into.addCodeSystem(resource);
      case "ValueSet" -> into.addValueSet(resource);
      default -> { } // e.g. an ImplementationGuide: nothing the engine asks for
    }
  }
}
