"""Many charges together: form factors, and the modulation depth their light tells."""
