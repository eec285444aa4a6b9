"""Asking billing for an invoice over HTTP."""

from __future__ import annotations

import httpx2
import pytest

from servicekit.errors import Unavailable
from servicekit.ids import new_id
from services.notifications.errors import InvoiceNotFound
from services.notifications.invoice_desk import HttpInvoiceDesk

INV = new_id("inv")


def _desk(answer: httpx2.Response | Exception, asked: list[httpx2.Request] | None = None) -> HttpInvoiceDesk:
    def respond(request: httpx2.Request) -> httpx2.Response:
        if asked is not None:
            asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return HttpInvoiceDesk(httpx2.Client(base_url="http://billing", transport=httpx2.MockTransport(respond)))


def test_it_is_asked_for_by_publisher_and_id() -> None:
    asked: list[httpx2.Request] = []
    assert _desk(httpx2.Response(200, json={"id": INV}), asked).find("pub_a", INV) == {"id": INV}
    assert [str(request.url) for request in asked] == [f"http://billing/internal/invoices/{INV}?publisher_id=pub_a"]


@pytest.mark.parametrize("invoice_id", ["../feed/accounts", "inv_", "cus_06h5yvkg1scm7h3b8k5rqt2xzw", ""])
def test_what_is_no_invoices_id_is_not_asked_for(invoice_id: str) -> None:
    asked: list[httpx2.Request] = []
    with pytest.raises(InvoiceNotFound):
        _desk(httpx2.Response(200, json={}), asked).find("pub_a", invoice_id)
    assert asked == []


def test_one_that_is_not_there_is_told_from_a_billing_that_is_down() -> None:
    with pytest.raises(InvoiceNotFound):
        _desk(httpx2.Response(404, json={"code": "invoice_not_found"})).find("pub_a", INV)
    for trouble in (httpx2.Response(503), httpx2.Response(200, content=b"<html>"), httpx2.ConnectError("down")):
        with pytest.raises(Unavailable):
            _desk(trouble).find("pub_a", INV)
