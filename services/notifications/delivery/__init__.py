"""Getting mails to the mail server: each once, except where SMTP itself can't tell (docs/emails.md)."""
