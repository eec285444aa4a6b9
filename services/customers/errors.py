"""What can be wrong with a request to this service."""

from __future__ import annotations

from typing import Any

from servicekit.errors import Conflict, FieldError, Invalid, NotFound, PreconditionFailed


class CustomerNotFound(NotFound):
    """No such customer at this publisher."""

    code = "customer_not_found"

    def __init__(self) -> None:
        super().__init__("There is no customer with this ID.")


class EmailTaken(Conflict):
    """Another customer of this publisher signs in with this address."""

    code = "email_taken"

    def __init__(self) -> None:
        super().__init__(
            "Another customer already has this email address. Find that customer, or use another address.",
            errors=[FieldError("/email", "Already another customer's.")],
        )


class ExternalIdTaken(Conflict):
    """Another customer of this publisher holds this external ID."""

    code = "external_id_taken"

    def __init__(self, index: int) -> None:
        super().__init__(
            "Another customer already has this external ID.",
            errors=[FieldError(f"/external_ids/{index}", "Already another customer's.")],
        )


class CustomerAnonymized(Conflict):
    """The customer was anonymized: nothing personal can be added any more."""

    code = "customer_anonymized"

    def __init__(self) -> None:
        super().__init__("This customer was anonymized, for good. Create a new customer instead.")


class BillingRefused(Conflict):
    """Billing doesn't close the customer's account; code and words are billing's."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class NothingToKnowThemBy(Invalid):
    """Neither an email address nor an external ID."""

    code = "customer_unidentified"

    def __init__(self) -> None:
        super().__init__(
            "A customer needs an email address or at least one external ID.",
            errors=[FieldError("/email", "Missing, and there is no external ID either.")],
        )


class ChangedMeanwhile(PreconditionFailed):
    """Somebody else edited the customer since this editor read it; ``changes`` says what."""

    code = "changed_meanwhile"

    def __init__(self, *, current_etag: str, changes: list[dict[str, Any]]) -> None:
        super().__init__(
            "If-Match is not this customer's present version. See what changed since, read it again, and decide.",
            headers={"ETag": current_etag},
            changes=changes,
        )


class NotAnonymized(NotFound):
    """Nobody has asked to anonymize this customer."""

    code = "anonymization_not_found"

    def __init__(self) -> None:
        super().__init__("This customer has not been anonymized.")
