"""Why the hub gave nothing, as one sentence and what to do.

Its own tools raise a dozen kinds of errors, and networks, proxies and disks raise theirs.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from tlcore.catalog.weight_files import hub_cache
from tlcore.errors import FetchError
from tlcore.hub.things import Thing

_AGAIN = "Try again in a while."
_FIREWALL = (
    "A firewall may hold back the hub's files: have huggingface.co and hf.co allowed with all that "
    "ends in them, then try again."
)
_BY_STATUS = {
    407: ("The network's proxy wants a name and a password", "Put them into HTTPS_PROXY."),
    403: ("The hub refuses to give {what}", "Check that your token may read it, or ask its owner."),
    451: ("{what} may not be given out", "Choose another one."),
}


@contextmanager
def explained(thing: Thing) -> Iterator[None]:
    """Turn whatever goes wrong into a `FetchError`."""
    try:
        yield
    except FetchError:
        raise
    except Exception as error:
        raise explanation(error, thing) from error


def explanation(error: Exception, thing: Thing) -> FetchError:
    """What happened, in a sentence."""
    return _of_the_hub(error, thing) or _of_the_network(error) or _of_the_disk(error) or _unknown(
        error, thing
    )  # fmt: skip


def _of_the_hub(error: Exception, thing: Thing) -> FetchError | None:
    from huggingface_hub import errors

    page = f"{'datasets/' if thing.kind == 'dataset' else ''}{thing.repo}"
    if isinstance(error, errors.GatedRepoError):  # which is a RepositoryNotFoundError, too
        return FetchError(
            f"{thing.repo} is given only to people who have accepted its conditions",
            remedy=f"Accept them at huggingface.co/{page}, then start the lab with HF_TOKEN set.",
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return FetchError(
            f"The hub has {thing.repo}, but not this commit",
            where=thing.revision, remedy="Leave the revision out to get the newest.",
        )  # fmt: skip
    if isinstance(error, errors.RepositoryNotFoundError):
        return FetchError(
            f"The hub has no {thing.repo}, or not for everybody",
            remedy="Check how it is spelt; for a private one, start the lab with HF_TOKEN set.",
        )
    if isinstance(error, errors.LocalEntryNotFoundError):
        cause = error.__cause__  # not here, and the hub didn't help: this is why
        return explanation(cause, thing) if isinstance(cause, Exception) else None
    if isinstance(error, errors.EntryNotFoundError):
        return FetchError(f"{thing.repo} lacks a file that it lists", remedy=_AGAIN)
    return _of_the_answer(error, thing)


def _of_the_answer(error: Exception, thing: Thing) -> FetchError | None:
    """By the number of an answer that was a refusal."""
    status = getattr(getattr(error, "response", None), "status_code", 0)
    if status == 429:
        return FetchError(
            "The hub asks everybody at this address to wait",
            remedy="Try again in five minutes; a class fetches once, on the lab's machine.",
        )
    if status in _BY_STATUS:
        what, remedy = _BY_STATUS[status]
        return FetchError(what.format(what=thing.repo), remedy=remedy)
    if status >= 500:
        return FetchError(f"The hub has trouble of its own ({status})", remedy=_AGAIN)
    if status >= 400:
        return FetchError(f"The hub refused ({status})", remedy=_AGAIN)
    return None


def _of_the_network(error: Exception) -> FetchError | None:
    names = {kind.__name__ for kind in type(error).__mro__}
    if "OfflineModeIsEnabled" in names:
        return offline()
    if "TooManyRedirects" in names:
        return FetchError(
            "The hub's answer leads round in a circle",
            remedy="Open huggingface.co in a browser here: a log-in page may be in between.",
        )
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return FetchError(
            "The certificate that was shown for the hub isn't trusted here",
            remedy="Where the network looks into all traffic, SSL_CERT_FILE names its certificate.",
        )
    if "ProxyError" in names:
        return FetchError("The network's proxy doesn't let the hub through", remedy=_proxy())
    if names & {"ConnectError", "ConnectTimeout"}:
        return FetchError("This machine doesn't reach the hub", remedy=_proxy())
    if names & {"ReadTimeout", "RemoteProtocolError", "ReadError", "TimeoutException"}:
        return FetchError("The hub stopped answering midway", remedy=_FIREWALL)
    if names & {"JSONDecodeError", "DecodingError"}:
        return FetchError(
            "Something else answered instead of the hub",
            remedy="Open huggingface.co in a browser here: a log-in page may be in between.",
        )
    return None


def _proxy() -> str:
    proxy = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
    if proxy:
        return "Check HTTPS_PROXY, which names the proxy, then try again."
    return "Check the network; behind a proxy, HTTPS_PROXY has to name it. Then try again."


def offline() -> FetchError:
    """Somebody has decided that nothing is fetched here."""
    return FetchError(
        "This machine is set to stay offline (HF_HUB_OFFLINE)",
        remedy="Start the lab without it, or copy the folder that HF_HOME names from elsewhere.",
    )


def stalled() -> FetchError:
    """Nothing has come for a long time."""
    return FetchError("Nothing comes from the hub any more", remedy=_FIREWALL)


def damaged(path: str) -> FetchError:
    """What came is not what was promised."""
    return FetchError(
        "A file came damaged and was thrown away", where=path,
        remedy="Try again; if it stays so, something on the way changes files.",
    )  # fmt: skip


def too_full(needed: int, free: int) -> FetchError:
    """The disk would not hold it."""
    return FetchError(
        f"The disk is too full: {needed / 1e6:,.0f} MB are needed, {free / 1e6:,.0f} MB are free",
        where=str(hub_cache()), remedy="Free some space, or let HF_HOME name another disk.",
    )  # fmt: skip


def _of_the_disk(error: Exception) -> FetchError | None:
    if not isinstance(error, OSError):
        return None
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = "Free some space, or let HF_HOME name another disk."
        return FetchError("The disk became full meanwhile", where=str(hub_cache()), remedy=remedy)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        remedy = "Make it writable, or let HF_HOME name another folder."
        return FetchError("The folder can't be written to", where=str(hub_cache()), remedy=remedy)
    if "Consistency check failed" in str(error):
        return FetchError("A file came only in part", remedy=_AGAIN)
    return None


def _unknown(error: Exception, thing: Thing) -> FetchError:
    words = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    return FetchError(f"{thing.title} can't be fetched: {words}", remedy=_AGAIN)
