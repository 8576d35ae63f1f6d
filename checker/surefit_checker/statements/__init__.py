"""What a certificate may claim: flow and descent (`local`), and pages that only others need."""
