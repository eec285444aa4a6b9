"""Reading what comes back from a mailbox: delivery reports of mails that were taken and could not be delivered."""
