/*
 * One counter: its number, buttons that add to it, and what the member did last, with the way back.
 */
import { useId, useRef, useState, type CSSProperties, type RefObject } from "react";
import { Bar } from "../../components/Bar/Bar.tsx";
import { Button } from "../../components/Button/Button.tsx";
import { Icon, type IconName } from "../../components/Icon/Icon.tsx";
import { Failed, Loading, Problem } from "../../components/States/States.tsx";
import { useConnection } from "../../hooks/useConnection.tsx";
import { useCounter } from "../../hooks/useCounters.ts";
import { useNow } from "../../hooks/useNow.ts";
import { useUnsent } from "../../hooks/useOutbox.ts";
import type { HistoryItem, User } from "../../porchlight/index.ts";
import { counterLabel, counterTotal, nextMilestone, presses, reachedMilestones, STEPS, WATER } from "../../text/counters.ts";
import { timeInWords } from "../../text/time.ts";
import { words } from "../../words.ts";
import { CoachTools } from "./CoachTools.tsx";
import { Days } from "./Days.tsx";
import { Latest } from "./Latest.tsx";
import { OtherNumber } from "./OtherNumber.tsx";

export type Counter = ReturnType<typeof useCounter>;

const iconOf = (name: string): IconName => (name === STEPS ? "steps" : name === WATER ? "glass" : "chart");

/* Older than this it is history. */
const LAST_MS = 24 * 3600 * 1000;

const isCorrection = ({ type }: HistoryItem): boolean => type === "reset" || type === "setValue";

/* The member's own last change, unless the count was corrected or begun anew since: then there is no way back. */
function lastOf(history: readonly HistoryItem[], userId: string, nowMs: number): HistoryItem | null {
    for (const item of history) {
        if (isCorrection(item)) return null;
        if (nowMs - Date.parse(item.timestamp) > LAST_MS) return null;
        if (item.userId === userId) return item;
    }
    return null;
}

interface Last {
    type: "increment" | "decrement";
    amount: number;
    /* null: a moment ago. */
    timestamp: string | null;
}

/* What was done here, when, and what the counter had been through by then. */
interface Here extends Last {
    atMs: number;
    operations: number;
}

function useLast(counter: Counter, userId: string) {
    /* It is said at once, whenever the history hears of it. */
    const [done, setHere] = useState<Here | null>(null);
    const now = useNow();
    const operations = counter.metadata?.operationCount ?? 0;
    const isOver =
        done !== null &&
        (now - done.atMs > LAST_MS ||
            counter.history.some((it) => isCorrection(it) && it.operationCount > done.operations));
    const here = isOver ? null : done;
    const act = (type: Last["type"], amount: number): void =>
        setHere({ type, amount, timestamp: null, atMs: Date.now(), operations });
    const known = lastOf(counter.history, userId, now);
    const before: Last | null = known && {
        type: known.type === "decrement" ? "decrement" : "increment",
        amount: Math.abs(known.value - known.previousValue),
        timestamp: known.timestamp,
    };
    return {
        last: counter.error ? null : (here ?? before),
        add: (amount: number) => {
            act("increment", amount);
            counter.add(amount);
        },
        undo: (amount: number) => {
            act("decrement", amount);
            counter.take(amount);
        },
    };
}

function LastLine({ last, undo }: { last: Last | null; undo: (amount: number) => void }) {
    const now = useNow();
    const { together } = words;
    const id = useId();
    const isAddition = last?.type === "increment";
    const time = last?.timestamp ?? null;
    return (
        <div className={last ? "count-last" : "count-last-none"}>
            {/* Said when it is done; how long ago that was is for eyes. */}
            <p id={id} role="status">
                {last && (!isAddition ? together.takenBack(last.amount) : !time && together.added(last.amount))}
            </p>
            {last && isAddition && time && (
                <p id={`${id}-then`}>{together.addedAt(last.amount, timeInWords(time, now))}</p>
            )}
            {last && isAddition && (
                <Button icon="back" aria-describedby={time ? `${id}-then` : id} onClick={() => undo(last.amount)} data-once>
                    {together.undo}
                </Button>
            )}
        </div>
    );
}

/* What the server did not take, until it is closed. */
function Refused({ name, error }: { name: string; error: boolean }) {
    const { together } = words;
    const { team } = useConnection();
    const { unsent, close } = useUnsent();
    const refused = unsent.flatMap(({ deed }) =>
        deed.kind === "count" && deed.name === name && deed.team === team ? [deed] : [],
    );
    if (refused.length === 0) return error ? <Problem>{together.failed}</Problem> : null;
    return (
        <>
            {refused.map(({ key, amount }) => (
                <div className="count-refused" key={key}>
                    <Problem>{together.refused(amount)}</Problem>
                    <Button onClick={() => close(key)}>{words.outbox.close}</Button>
                </div>
            ))}
        </>
    );
}

function Adding({ name, counter, user }: { name: string; counter: Counter; user: User }) {
    const { together } = words;
    const { last, add, undo } = useLast(counter, user.id);
    const group = useRef<HTMLDivElement>(null);
    return (
        <div className="count-adding">
            <div className="count-buttons" ref={group}>
                {presses(name).map((amount) => (
                    <Button key={amount} look="main" className="count-add" onClick={() => add(amount)}>
                        {together.add(amount)}
                        <span className="unseen"> {together.addTo(counterLabel(name))}</span>
                    </Button>
                ))}
            </div>
            <OtherNumber name={name} value={counter.value} add={add} />
            <LastLine
                last={last}
                undo={(amount) => {
                    undo(amount);
                    /* The button goes with its press: the focus stays near. */
                    group.current?.querySelector("button")?.focus({ preventScroll: true });
                }}
            />
            {counter.waits && <p className="count-waits">{together.waits}</p>}
            <Refused name={name} error={counter.error !== null} />
        </div>
    );
}

/* On one line, however long it gets. */
const roomFor = (text: string): CSSProperties => ({ "--chars": text.length }) as CSSProperties;

function Total({ name, value }: { name: string; value: number }) {
    const text = words.together.count(value);
    return (
        <p className="count-total">
            <strong style={roomFor(text)}>{text}</strong>
            <span>{counterTotal(name, value)}</span>
        </p>
    );
}

/* How far it is to the next one, and those that lie behind. */
function Milestones({ value }: { value: number }) {
    const { together } = words;
    const goal = nextMilestone(value);
    const reached = reachedMilestones(value);
    const before = reached[reached.length - 1] ?? 0;
    return (
        <div className="milestones">
            {goal !== null && (
                <>
                    <Bar label={together.goal} max={goal - before} value={Math.max(0, value - before)} />
                    <p>{together.toGo(goal - value, goal)}</p>
                </>
            )}
            {reached.length > 0 && (
                <ul aria-label={together.milestones}>
                    {reached.slice(-4).map((it) => (
                        <li key={it}>
                            <Icon name="star" solid />
                            {together.reached(it)}
                        </li>
                    ))}
                </ul>
            )}
        </div>
    );
}

function History({ counter, user }: { counter: Counter; user: User }) {
    const { together } = words;
    const { historyPending, historyError, retry } = counter;
    if (historyPending) return <Loading cards={1}>{together.historyLoading}</Loading>;
    if (historyError) return <Failed title={together.historyFailed} error={historyError} retry={retry} />;
    return (
        <>
            <Days counter={counter} />
            <Latest counter={counter} user={user} />
        </>
    );
}

interface MainCountProps {
    name: string;
    user: User;
    /* Looks after the team: may correct. */
    leads: boolean;
    heading: RefObject<HTMLHeadingElement>;
}

export function MainCount({ name, user, leads, heading }: MainCountProps) {
    const counter = useCounter(name);
    const id = useId();
    return (
        <>
            <section className="panel count count-main" aria-labelledby={id}>
                <header className="panel-head">
                    <h2 id={id} ref={heading} tabIndex={-1}>
                        <Icon name={iconOf(name)} />
                        {counterLabel(name)}
                    </h2>
                </header>
                <Total name={name} value={counter.value} />
                <Adding name={name} counter={counter} user={user} />
                <Milestones value={counter.value} />
                {leads && <CoachTools name={name} counter={counter} />}
            </section>
            <History counter={counter} user={user} />
        </>
    );
}

export function SmallCount({ name, user, look }: { name: string; user: User; look: () => void }) {
    const counter = useCounter(name);
    const id = useId();
    return (
        <section className="panel count" aria-labelledby={id}>
            <header className="panel-head">
                <h3 id={id}>
                    <Icon name={iconOf(name)} />
                    {counterLabel(name)}
                </h3>
            </header>
            <Total name={name} value={counter.value} />
            <Adding name={name} counter={counter} user={user} />
            <Button look="quiet" icon="chart" className="count-look" aria-describedby={id} onClick={look}>
                {words.together.look}
            </Button>
        </section>
    );
}
