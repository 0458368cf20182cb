"""Every decision of BlueClerk; session, client, mailer, clock and wake are arguments."""
