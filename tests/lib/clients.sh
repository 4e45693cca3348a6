# shellcheck shell=bash
# The client stories: real Iceberg clients against a running catalog. Sourced by tests/run.

stories_need() { return 1; }
client_stories() { :; }
run_client_stories() { :; }
