"""Background jobs that remove what has expired, and what is older than its retention setting."""

from datetime import time, timedelta

from jobs.queue import job
from pressroom import housekeeping, retention


@job("pressroom.clear_expired", every=timedelta(hours=1))
def clear_expired() -> None:
    """Remove expired sessions and throttle counts."""
    housekeeping.clear_everywhere()


@job("pressroom.forget", daily=time(3, 50))
def forget() -> None:
    """Remove what is older than its retention setting."""
    if failed := [str(done.rule.label) for done in retention.delete_expired() if done.rows is None]:
        raise RuntimeError(f"Not removed: {', '.join(failed)}. The log says why.")
