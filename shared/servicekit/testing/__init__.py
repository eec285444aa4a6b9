"""What tests of several services need: real servers, and what was run on which of them."""
