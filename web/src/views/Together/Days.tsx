/*
 * The last days of a counter as bars, with the same numbers as a table: always there for a screen reader, and in the
 * place of the bars for who prefers it.
 */
import { useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { Button } from "../../components/Button/Button.tsx";
import { Panel } from "../../components/Panel/Panel.tsx";
import { useNow } from "../../hooks/useNow.ts";
import { daysOf, type Day } from "../../text/counters.ts";
import { words } from "../../words.ts";
import type { Counter } from "./Count.tsx";

const DAYS_SHOWN = 7;
/* A busy team's week is many pages: what they do not reach is left out of the chart. */
const PAGES_MAX = 6;

const ROW_PX = 46;
const BAR_PX = 26;
/* Of a letter or a digit at the size of the text, wide ones too. */
const CHAR_EM = 0.68;
const GAP_PX = 10;

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

function useWidth() {
    const element = useRef<HTMLDivElement>(null);
    const [size, setSize] = useState({ width: 0, em: 18 });
    useLayoutEffect(() => {
        const { current } = element;
        if (!current) return undefined;
        const look = (): void =>
            setSize({ width: current.clientWidth, em: parseFloat(getComputedStyle(current).fontSize) });
        look();
        const observer = new ResizeObserver(look);
        observer.observe(current);
        return () => observer.disconnect();
    }, []);
    return { element, ...size };
}

const dayName = (date: Date, nowMs: number): string =>
    date.toDateString() === new Date(nowMs).toDateString() ? words.together.today : words.together.weekday(date);

function Chart({ days, label }: { days: Day[]; label: string }) {
    const now = useNow();
    const { together } = words;
    const { element, width, em } = useWidth();
    const wide = width > 26 * em;
    const names = days.map(({ date }) =>
        wide || date.toDateString() === new Date(now).toDateString() ? dayName(date, now) : together.shortDay(date),
    );
    const numbers = days.map(({ added }) => together.count(added));
    const widest = (texts: string[]): number => Math.max(...texts.map((it) => it.length)) * CHAR_EM * em;
    const left = widest(names) + GAP_PX;
    const room = Math.max(20, width - left - widest(numbers) - GAP_PX);
    const most = Math.max(1, ...days.map(({ added }) => added));
    const row = Math.max(ROW_PX, 2 * em);
    return (
        <div className="days-chart" ref={element}>
            {width > 0 && (
                <svg width={width} height={days.length * row} role="img" aria-label={label}>
                    {days.map(({ date, added }, index) => {
                        const long = Math.max(3, (Math.max(0, added) / most) * room);
                        const middle = index * row + row / 2;
                        return (
                            <g key={date.getTime()} className={index === days.length - 1 ? "day day-last" : "day"}>
                                <text x={0} y={middle} dominantBaseline="central">
                                    {names[index]}
                                </text>
                                <rect x={left} y={middle - BAR_PX / 2} width={long} height={BAR_PX} rx={6} />
                                <text
                                    className="day-count"
                                    x={left + long + GAP_PX}
                                    y={middle}
                                    dominantBaseline="central"
                                >
                                    {numbers[index]}
                                </text>
                            </g>
                        );
                    })}
                </svg>
            )}
        </div>
    );
}

function Table({ days, caption }: { days: Day[]; caption: string }) {
    const now = useNow();
    const { together } = words;
    return (
        <table className="days-table">
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
    const [asTable, setAsTable] = useState(false);
    const id = useId();
    const total = days.reduce((sum, it) => sum + it.added, 0);
    const best = days.reduce<Day | null>((before, it) => (before && before.added >= it.added ? before : it), null);
    return (
        <Panel title={together.days} intro={together.daysIntro} icon="chart">
            {days.length === 0 || !best ? (
                <p className="count-quiet">{together.noDays}</p>
            ) : (
                <div className="days" id={id}>
                    {!asTable && <Chart days={days} label={together.chart(days.length, total, dayName(best.date, now))} />}
                    <div className={asTable ? "" : "unseen"}>
                        <Table days={days} caption={together.days} />
                    </div>
                    <Button icon={asTable ? "chart" : "table"} onClick={() => setAsTable(!asTable)}>
                        {asTable ? together.asChart : together.asTable}
                    </Button>
                </div>
            )}
        </Panel>
    );
}
