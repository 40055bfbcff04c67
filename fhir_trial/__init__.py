"""Clinical-trial registry records into, through and out of FHIR (R4, R4B, R5)."""
