"""Verbs for alerts on what was done with data, and for the list of people who are watched by name."""

from datetime import datetime
from typing import Annotated

import typer

from commands.plumbing import Json, Person, Store, _, choice, run, say, settings

app = typer.Typer()
alerts_app = typer.Typer(
    no_args_is_help=True, help=_("Alerts on what was done with data; an alias stands for the person.")
)
watch_app = typer.Typer(no_args_is_help=True, help=_("People who are watched by name, for a reason and for a while."))
app.add_typer(alerts_app, name="alerts")
app.add_typer(watch_app, name="watchlist")

AlertKey = Annotated[str, typer.Argument(metavar="ALERT", help=_("Alert id, as alert-ABCD-2345-20261124."))]
By = Annotated[str, typer.Option("--as", metavar="PERSON", help=_("Who acts: employee id or exact name."))]
Why = Annotated[str, typer.Option("--reason", help=_("Kept with the alert."))]


@alerts_app.command("list", help=_("List the alerts that are open, those that wait first."))
def alerts_list(
    state: Annotated[
        list[str] | None, typer.Option("--state", help="needs_review, confirmed, dismissed, resolved")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help=_("How many at most."))] = 100,
    json: Json = False,
) -> None:
    from models.warning import AlertState
    from services.alerts import OPEN, list_alerts

    states = tuple(choice(AlertState, each, "--state") for each in state or ()) or OPEN
    with Store() as store:
        say(list_alerts(store, states, limit), json, "alerts", store)


@alerts_app.command("show", help=_("One alert with everything that it rests on."))
def alerts_show(alert: AlertKey, json: Json = False) -> None:
    from services.alerts import show_alert

    with Store() as store:
        say(show_alert(store, alert), json, "alert", store)


@alerts_app.command("confirm", help=_("It is what it looks like: the protection stays, and a case takes it in."))
def alerts_confirm(alert: AlertKey, by: By, reason: Why, json: Json = False) -> None:
    _decide(alert, "confirmed", by, reason, json)


@alerts_app.command("dismiss", help=_("There is a good reason for it: rights are given back at once."))
def alerts_dismiss(alert: AlertKey, by: By, reason: Why, json: Json = False) -> None:
    _decide(alert, "dismissed", by, reason, json)


@alerts_app.command("resolve", help=_("A confirmed alert is dealt with: rights that it held are given back."))
def alerts_resolve(alert: AlertKey, by: By, reason: Why, json: Json = False) -> None:
    _decide(alert, "resolved", by, reason, json)


@alerts_app.command("reveal", help=_("Say who an alert is about. Who asked and why is kept as evidence."))
def alerts_reveal(alert: AlertKey, by: By, reason: Why, json: Json = False) -> None:
    from services.alerts import reveal

    with Store() as store:
        say(reveal(store, alert, by, reason, settings().policy_dir), json, "revealed", store)


@alerts_app.command("effectiveness", help=_("How often people agreed with each rule."))
def alerts_effectiveness(json: Json = False) -> None:
    from services.alerts import effectiveness

    with Store() as store:
        say(effectiveness(store), json, "effectiveness")


@watch_app.command("add", help=_("Watch a person by name until a day; supporting findings count meanwhile."))
def watchlist_add(
    employee: Person,
    by: By,
    reason: Why,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help=_("Last day of the watch."))],
    json: Json = False,
) -> None:
    from services.alerts import watch

    with Store() as store:
        say(watch(store, employee, by, reason, until.date(), settings().policy_dir), json, "facts")


@watch_app.command("remove", help=_("End the watch of a person."))
def watchlist_remove(employee: Person, by: By, reason: Why, json: Json = False) -> None:
    from services.alerts import unwatch

    with Store() as store:
        say({"ended": unwatch(store, employee, by, reason, settings().policy_dir)}, json, "facts")


@watch_app.command("list", help=_("Who is watched today, by whom, why and until when."))
def watchlist_list(json: Json = False) -> None:
    from services.alerts import watched

    with Store() as store:
        say({"watched": watched(store)}, json, "watchlist", store)


def _decide(alert: str, to: str, by: str, reason: str, json: bool) -> None:
    from connections import connect_temporal
    from models.warning import AlertState
    from services.alerts import AlertDecided, decide

    with Store() as store:

        async def go() -> AlertDecided:
            return await decide(
                store,
                lambda: connect_temporal(settings()),
                alert_id=alert,
                to=AlertState(to),
                by=by,
                note=reason,
                policy_dir=settings().policy_dir,
            )

        done = run(go())
    say(done, json, "alert_decided")
    raise typer.Exit(0 if done.counted or done.stored else 1)
