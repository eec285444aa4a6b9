"""The console's pages: parse, ask the API, show. How to add one:

- A page is a view in a file of its own here, with a template that extends ``base.html``; its blueprint is registered in
  ``app.py``. It needs a session unless it is ``open_to_all`` (``signed_in.py``); ``api()`` calls the API as whoever is
  signed in, ``member().may(scope)`` says what to offer, ``reader()`` formats dates and numbers.
- An ApiProblem that a view doesn't catch becomes an error page, or for an htmx request a message (``failures.py``); an
  ended session leads to the sign-in and back.
- A panel of the customer page is an entry in ``panels.py`` and a view that answers with the panel's inside.
- Icons: ``{{ icon("name") }}``, after adding the file to ``static/vendor/icons``. No inline script, style or handler:
  the policy in ``protection.py`` forbids them; behavior goes into ``static/``, bound by ``data-`` attributes.
"""
