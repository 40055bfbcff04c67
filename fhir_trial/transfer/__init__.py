"""To a FHIR server and back: push and pull, each a story of its own."""
