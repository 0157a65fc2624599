"""Background jobs: a queue of jobs, an outbox of e-mails, a schedule and a worker.

A room declares its jobs with `@job` in a module that its AppConfig imports. This room imports no
other room. See docs/decisions/0034-background-jobs.md.
"""
