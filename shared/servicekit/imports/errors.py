"""What can be wrong with an import."""

from __future__ import annotations

from servicekit.errors import Conflict, Invalid, NotFound


class ImportNotFound(NotFound):
    """No such import at this publisher."""

    code = "import_not_found"

    def __init__(self) -> None:
        super().__init__("There is no import with this ID.")


class UnreadableFile(Invalid):
    """The file as a whole can't be read as a table or as objects."""

    code = "import_file_unreadable"


class InvalidMapping(Invalid):
    """What the columns were told to become doesn't fit the file, or the fields there are."""

    code = "import_mapping_invalid"


class UnknownColumns(Invalid):
    """Columns that mean nothing here, and nobody said what is to become of them."""

    code = "import_columns_unknown"


class WrongOffset(Conflict):
    """The content doesn't go on where the last part ended."""

    code = "upload_offset_mismatch"

    def __init__(self, received_bytes: int) -> None:
        super().__init__(
            f"{received_bytes} bytes have been taken. Send what follows them, with offset={received_bytes}.",
            received_bytes=received_bytes,
        )


class PartTooSmall(Invalid):
    """No row ends in a part of a file, so none of it can be taken."""

    code = "upload_part_too_small"

    def __init__(self, least: int) -> None:
        super().__init__(
            f"No row ends in this part. Send parts of at least {least:,} bytes; if this one has as many, "
            "the file is neither CSV nor NDJSON."
        )


class UploadClosed(Conflict):
    """All of the file is there already, or the import has ended."""

    code = "upload_closed"

    def __init__(self) -> None:
        super().__init__("This import takes no more content. Make a new one for another file.")


class ImportEnded(Conflict):
    """Nothing can be canceled any more."""

    code = "import_ended"

    def __init__(self, status: str) -> None:
        super().__init__(f"This import has ended already: it is {status}.")


class TooManyImports(Conflict):
    """So many imports of this publisher are open that no new one is taken."""

    code = "too_many_imports"

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} imports are open already. Wait until some have ended, or cancel some.")


class ImportRequestDiffers(Invalid):
    """The key belongs to another import."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for a different import. Use a new key for a new one.")
