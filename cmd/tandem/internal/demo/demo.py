"""What "tandem demo" measures, in Python."""

import urllib.request

# A proxy of the environment is not asked for pages of this machine.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def waiting(work):
    with OPENER.open(work["url"], timeout=20) as page:
        return len(page.read())


def computing(work):
    x = 1
    for _ in range(work["rounds"]):
        x = (x * 1103515245 + 12345) % 2147483648
    return x


def mixed(work):
    return waiting(work) + computing(work)


FUNCTIONS = {"waiting": waiting, "computing": computing, "mixed": mixed}


def loop(plan):
    """Run the plan's function on each of its inputs, one after the other."""
    function = FUNCTIONS[plan["workload"]]
    return [function(work) for work in plan["works"]]
