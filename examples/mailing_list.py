"""A system of its own that keeps {customer ID: email} up to date. It knows the published contract and nothing else.

python mailing_list.py AMQP_URL API_URL API_KEY FILE      (needs: pip install kombu)
"""

import json
import os
import sys
import urllib.request

from kombu import Connection, Exchange, Queue

amqp_url, api_url, api_key, path = sys.argv[1:]
people = json.load(open(path)) if os.path.exists(path) else {}  # customer ID -> {"version": …, "email": …}


def take(customer, version):
    """Late and repeated messages are normal: an older or equal version changes nothing."""
    if version > people.get(customer["id"], {"version": 0})["version"]:
        people[customer["id"]] = {"version": version, "email": customer["email"]}  # anonymized: no email any more


def save():
    with open(path + ".new", "w") as file:
        json.dump(people, file)
    os.replace(path + ".new", path)


def on_message(body, message):
    event = json.loads(body)
    take(event["data"], event["aggregateversion"])
    save()
    message.ack()  # last: after a crash it comes again


queue = Queue("mailing-list", Exchange("accounts.events", "topic"), "customers.customer.#",
              queue_arguments={"x-queue-type": "quorum"})  # fmt: skip
with Connection(amqp_url, heartbeat=30) as connection:  # if it breaks, this program ends; have it started again
    with connection.Consumer(queue, callbacks=[on_message], accept=None, prefetch_count=50):  # bound first: events wait
        cursor = ""
        while cursor is not None:  # then the present state, page by page
            url = f"{api_url}/v1/customers?limit=200" + (f"&cursor={cursor}" if cursor else "")
            request = urllib.request.Request(url, headers={"Authorization": f"Bearer {api_key}"})
            page = json.load(urllib.request.urlopen(request))
            for customer in page["items"]:
                take(customer, customer["version"])
            cursor = page["next_cursor"]
        save()
        while True:  # then what happens
            try:
                connection.drain_events(timeout=10)
            except TimeoutError:
                connection.heartbeat_check()  # the broker gives up on whoever says nothing for a minute
