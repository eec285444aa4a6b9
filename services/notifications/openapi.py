"""Bodies, for the API's description."""

from __future__ import annotations

from typing import Any

PREVIEW: dict[str, Any] = {
    "description": "The mail as it was, or will be, sent; the logo is in it.",
    "example": "<!DOCTYPE html><html><body><h1>Your receipt</h1></body></html>",
}
PREVIEW_TEXT: dict[str, Any] = {
    "description": "The same as plain text, for `part=text`.",
    "example": "Your receipt\n",
}
INVOICE_PAGE: dict[str, Any] = {
    "description": "The page.",
    "example": '<!DOCTYPE html><html lang="en"><body><h1>Invoice 2026-000042</h1></body></html>',
}
INVOICE_PDF: dict[str, Any] = {"description": "The PDF.", "example": "%PDF-1.4"}
REPORT_BODY: dict[str, Any] = {
    "required": True,
    "description": "The whole message as it came, a `multipart/report` (RFC 3464).",
    "content": {
        "message/rfc822": {
            "schema": {"type": "string"},
            "example": (
                "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
                "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
                "Original-Envelope-Id: eml_06h5yvkg1scm7h3b8k5rqt2xzw\r\n\r\n"
                "Final-Recipient: rfc822; anna@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
            ),
        }
    },
}
