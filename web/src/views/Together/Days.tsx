/*
 * The last days of a counter as bars, and the same numbers as a table.
 */
import { useEffect, useRef } from "react";
import { Bars, ChartOrTable } from "../../components/Chart/Chart.tsx";
import { Panel } from "../../components/Panel/Panel.tsx";
import { useNow } from "../../hooks/useNow.ts";
import { daysOf, type Day } from "../../text/counters.ts";
import { words } from "../../words.ts";
import type { Counter } from "./Count.tsx";

const DAYS_SHOWN = 7;
/* A busy team's week is many pages: what they do not reach is left out of the chart. */
const PAGES_MAX = 6;

function useDays(counter: Counter): Day[] {
    const now = useNow();
    const { history, hasOlder, older } = counter;
    const pages = useRef(0);
    const days = daysOf(history, !hasOlder, now, DAYS_SHOWN);
    const more = hasOlder && days.length < DAYS_SHOWN;
    useEffect(() => {
        if (!more || history.length === 0 || pages.current >= PAGES_MAX) return;
        pages.current += 1;
        older();
        /* Each page that came asks whether another is wanted. */
    }, [more, history.length]);
    return days;
}

const dayName = (date: Date, nowMs: number): string =>
    date.toDateString() === new Date(nowMs).toDateString() ? words.together.today : words.together.weekday(date);

function Chart({ days, label }: { days: Day[]; label: string }) {
    const now = useNow();
    const { together } = words;
    const today = new Date(now).toDateString();
    const bars = days.map(({ date, added }) => ({
        key: date.getTime(),
        name: dayName(date, now),
        short: date.toDateString() === today ? together.today : together.shortDay(date),
        value: added,
        text: together.count(added),
    }));
    return <Bars bars={bars} label={label} />;
}

function Table({ days, caption }: { days: Day[]; caption: string }) {
    const now = useNow();
    const { together } = words;
    return (
        <table className="chart-table">
            <caption className="unseen">{caption}</caption>
            <thead>
                <tr>
                    <th scope="col">{together.day}</th>
                    <th scope="col">{together.addedColumn}</th>
                    <th scope="col">{together.totalColumn}</th>
                </tr>
            </thead>
            <tbody>
                {[...days].reverse().map(({ date, added, total }) => (
                    <tr key={date.getTime()}>
                        <th scope="row">{dayName(date, now)}</th>
                        <td>{together.signed(added)}</td>
                        <td>{together.count(total)}</td>
                    </tr>
                ))}
            </tbody>
        </table>
    );
}

export function Days({ counter }: { counter: Counter }) {
    const { together } = words;
    const days = useDays(counter);
    const now = useNow();
    const total = days.reduce((sum, it) => sum + it.added, 0);
    const best = days.reduce<Day | null>((before, it) => (before && before.added >= it.added ? before : it), null);
    return (
        <Panel title={together.days} intro={together.daysIntro} icon="chart">
            {days.length === 0 || !best ? (
                <p className="count-quiet">{together.noDays}</p>
            ) : (
                <ChartOrTable
                    chart={<Chart days={days} label={together.chart(days.length, total, dayName(best.date, now))} />}
                    table={<Table days={days} caption={together.days} />}
                />
            )}
        </Panel>
    );
}
