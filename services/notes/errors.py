"""What can be wrong with a request to this service."""

from __future__ import annotations

from servicekit.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, PreconditionFailed, Unavailable


class CustomerNotFound(NotFound):
    """No such customer at this publisher."""

    code = "customer_not_found"

    def __init__(self) -> None:
        super().__init__("There is no customer with this ID.")


class CustomerNotHereYet(Unavailable):
    """A customer who was created only just now: word of them is on its way here."""

    code = "customer_not_here_yet"

    def __init__(self) -> None:
        super().__init__(
            "This customer seems to have been created only just now, and notes doesn't know them yet. Send this again.",
            retry_after=1,
        )


class CustomerAnonymized(Conflict):
    """The customer was anonymized: nothing personal can be added any more."""

    code = "customer_anonymized"

    def __init__(self) -> None:
        super().__init__("This customer was anonymized, for good: notes and flags can't be written any more.")


class NoteNotFound(NotFound):
    """No such note at this publisher, or one that was deleted."""

    code = "note_not_found"

    def __init__(self) -> None:
        super().__init__("There is no note with this ID; it may have been deleted.")


class NotYourNote(Forbidden):
    """Somebody else's note: only its author and the account's owner may change it."""

    code = "not_your_note"

    def __init__(self) -> None:
        super().__init__("Only the note's author or the account owner may edit or delete it.")


class NoteChanged(PreconditionFailed):
    """Somebody else edited the note since this editor read it."""

    code = "changed_meanwhile"

    def __init__(self, *, current_etag: str) -> None:
        super().__init__(
            "If-Match is not this note's present version. Read it again, and decide.", headers={"ETag": current_etag}
        )


class FlagNotFound(NotFound):
    """No such flag at this publisher."""

    code = "flag_not_found"

    def __init__(self) -> None:
        super().__init__("There is no flag with this key.")


class UnknownFlag(Invalid):
    """A flag that the publisher hasn't defined, or has retired."""

    code = "flag_unknown"

    def __init__(self, key: str, where: str, *, retired: bool = False) -> None:
        what = "is retired: it can't be set any more" if retired else "is not one of your publisher's flags"
        super().__init__(
            f"The flag {key} {what}. GET /v1/notes/flags lists them.", errors=[FieldError(where, f"{key} {what}.")]
        )


class TooManyFlags(Invalid):
    """More flags than fit on one customer."""

    code = "too_many_flags"

    def __init__(self, most: int) -> None:
        super().__init__(f"A customer can have {most} flags at the most. Take one away first.")


class FlagExists(Conflict):
    """The key is another flag's."""

    code = "flag_exists"

    def __init__(self) -> None:
        super().__init__(
            "There is a flag with this key already. Edit that one, or choose another key.",
            errors=[FieldError("/key", "Already another flag's.")],
        )


class FlagInUse(Conflict):
    """A flag that was ever set, or that everybody has, can't be taken away."""

    code = "flag_in_use"

    def __init__(self) -> None:
        super().__init__("This flag has been used, or is one that everybody has. Retire it instead: retired is true.")


class FlagChanged(PreconditionFailed):
    """Somebody else edited the flag since this editor read it."""

    code = "changed_meanwhile"

    def __init__(self, *, current_etag: str) -> None:
        super().__init__(
            "If-Match is not this flag's present version. Read it again, and decide.", headers={"ETag": current_etag}
        )


class TooManyOwnFlags(Conflict):
    """As many flags as a publisher may define."""

    code = "too_many_flags"

    def __init__(self, most: int) -> None:
        super().__init__(f"A publisher can define {most} flags at the most. Delete one that was never used.")


class KeyNeeded(Invalid):
    """A name out of which no key can be made."""

    code = "flag_key_needed"

    def __init__(self) -> None:
        super().__init__(
            "No key can be made of this name. Give one: letters a to z, digits and _.",
            errors=[FieldError("/key", "Missing, and the name has no letter or digit to make one of.")],
        )
