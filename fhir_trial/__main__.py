"""`python -m fhir_trial` is `fhir-trial`."""

from fhir_trial.cli import main

if __name__ == "__main__":
    main()
