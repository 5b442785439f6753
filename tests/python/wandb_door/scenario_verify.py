"""The client's own test of servers."""

SECURE = {"Checking requests to base url", "Checking requests made over signed URLs"}


def test_wandb_verify(command):
    """All passes but that nothing is encrypted on a loopback."""
    printed = command("verify")
    checks = [line for line in printed.splitlines() if line.startswith("Checking ")]
    assert len(checks) == 10, printed
    assert {line.split("...")[0].rstrip(".") for line in checks if "✅" not in line} <= SECURE, printed
