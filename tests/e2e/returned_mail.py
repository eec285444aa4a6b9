"""What a mail system sends back."""

from __future__ import annotations


def report(email_id: str, *, status: str = "5.2.2") -> bytes:
    """A delivery status notification (RFC 3464) about a mail of ours that could not be delivered."""
    lines = (
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', "From: MAILER-DAEMON@x.example",
        "", "--b", "Content-Type: text/plain", "", "Sorry.", "--b", "Content-Type: message/delivery-status", "",
        "Reporting-MTA: dns; x.example", f"Original-Envelope-Id: {email_id}", "",
        "Final-Recipient: rfc822; somebody@example.com", "Action: failed", f"Status: {status}",
        "Diagnostic-Code: smtp; 552 mailbox full", "", "--b--", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode()
