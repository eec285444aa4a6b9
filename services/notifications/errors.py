"""What can be wrong with a request to this service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from servicekit.errors import BadRequest, Conflict, FieldError, Invalid, NotFound, PreconditionFailed


class EmailNotFound(NotFound):
    """No such mail at this publisher."""

    code = "email_not_found"

    def __init__(self) -> None:
        super().__init__("There is no email with this ID.")


class TemplateNotFound(NotFound):
    """No such kind or language."""

    code = "template_not_found"

    def __init__(self) -> None:
        super().__init__("There is no template of this kind in this language.")


class TemplateVersionNotFound(NotFound):
    """The template has no version of this number."""

    code = "template_version_not_found"

    def __init__(self) -> None:
        super().__init__("This template has no version of this number.")


class ContentErased(NotFound):
    """The mail's content went with its customer."""

    code = "email_erased"

    def __init__(self) -> None:
        super().__init__("What this email said was erased when its customer was anonymized.")


class NotRenderedYet(Conflict):
    """The customer isn't known here yet, so nothing has been written."""

    code = "email_not_rendered"

    def __init__(self) -> None:
        super().__init__("This email waits for its customer to be known here; nothing has been written yet.")


class NotResent(Conflict):
    """Sending a mail again makes no sense; ``code`` says why."""

    REASONS: ClassVar = {
        "customer_anonymized": "The customer was anonymized: there is nobody to send it to any more.",
        "no_address": "The customer has no email address.",
        "address_bounced": "Mail to the customer's present address came back: it doesn't exist. Correct it first.",
        "publisher_delivers": "This publisher delivers mail itself, so it isn't sent from here.",
        "still_queued": "This email is still to be sent.",
        "kind_passes": "An email of this kind tells of something that has passed; it isn't sent again.",
        "nothing_to_send": "What this email said isn't kept any more.",
    }

    def __init__(self, code: str) -> None:
        super().__init__(self.REASONS[code])
        self.code = code


class ChangedMeanwhile(PreconditionFailed):
    """Somebody else edited it since it was read."""

    code = "changed_meanwhile"

    def __init__(self, current_etag: str) -> None:
        super().__init__(
            "If-Match is not the present version. Read it again, and decide.", headers={"ETag": current_etag}
        )


class InvalidTemplate(Invalid):
    """A template says what it may not, or can't be rendered; ``errors`` say where."""

    code = "template_invalid"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("The template is not valid; errors says what and where.", errors=errors)


class SenderNotAllowed(Invalid):
    """The publisher may not send from this domain."""

    code = "sender_not_allowed"

    def __init__(self, field: str, domains: Sequence[str]) -> None:
        super().__init__(
            "Mail can't be sent from this domain here.",
            errors=[FieldError(f"/{field}", f"Must be at one of: {', '.join(domains)}.")],
        )


class NoDeliveryReport(BadRequest):
    """The body is no delivery status notification."""

    code = "not_a_delivery_report"

    def __init__(self) -> None:
        super().__init__("This is no delivery status notification (RFC 3464): a multipart/report with its parts.")


class CustomerNotFound(NotFound):
    """No such customer at this publisher, or none that can be written to."""

    code = "customer_not_found"

    def __init__(self) -> None:
        super().__init__("There is no customer with this ID who can be written to.")


class InvoiceNotFound(NotFound):
    """No such invoice at this publisher."""

    code = "invoice_not_found"

    def __init__(self) -> None:
        super().__init__("There is no invoice with this ID.")


class PdfNotInstalled(NotFound):
    """This installation makes no PDFs."""

    code = "pdf_not_installed"

    def __init__(self) -> None:
        super().__init__(
            "PDFs aren't made here: the extra `pdf` isn't installed. The same invoice is at …/page, to print."
        )


class NotInThisPdf(NotFound):
    """There is a letter in the invoice that no PDF made here can show; better none than one with boxes."""

    code = "pdf_lacks_letters"

    def __init__(self, letter: str) -> None:
        super().__init__(
            f"There is no PDF of this invoice: the fonts here lack {letter!r} (U+{ord(letter):04X}), or can't set it. "
            "The same invoice is at …/page, to print."
        )
