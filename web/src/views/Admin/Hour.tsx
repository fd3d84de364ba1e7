/*
 * The last hour, ten seconds by ten seconds: small charts, or with one button for all of them tables.
 */
import { useState } from "react";
import { Lines, TableButton } from "../../components/Chart/Chart.tsx";
import { Panel } from "../../components/Panel/Panel.tsx";
import { Failed, Loading, Problem } from "../../components/States/States.tsx";
import { useNumbers } from "../../hooks/useNumbers.ts";
import type { NumbersSample } from "../../porchlight/index.ts";
import { words } from "../../words.ts";

const { admin } = words;

/* Five minutes: a table has twelve rows. */
const ROW_SAMPLES = 30;

type Field = Exclude<keyof NumbersSample, "at">;

/* What each chart draws. Where there are two, the first is the one to look at. */
const charts = {
    here: ["here"],
    sockets: ["sockets"],
    polls: ["pollsPerSecond"],
    answers: ["p99Ms", "p50Ms"],
    likes: ["likesFlushed"],
    load: ["loadStage"],
} as const satisfies Record<string, readonly Field[]>;
type Kind = keyof typeof charts;

function said(kind: Kind, value: number | null): string {
    if (value === null) return admin.nothing;
    const digits = Number.isInteger(value) ? admin.count(value) : admin.rate(value);
    return kind === "answers" ? admin.milliseconds(digits) : digits;
}

/* Of five minutes: the most, but all of the likes. */
function inOne(samples: NumbersSample[], field: Field): number | null {
    const values = samples.map((it) => it[field]).filter((it) => it !== null);
    if (values.length === 0) return null;
    return field === "likesFlushed" ? values.reduce((sum, it) => sum + it, 0) : Math.max(...values);
}

/* The newest row is a whole one, and stands on top. */
function rowsOf(samples: NumbersSample[]): NumbersSample[][] {
    const rows: NumbersSample[][] = [];
    for (let end = samples.length; end > 0; end -= ROW_SAMPLES)
        rows.push(samples.slice(Math.max(0, end - ROW_SAMPLES), end));
    return rows;
}

const clockOf = (sample: NumbersSample | undefined): string => (sample ? admin.clock(new Date(sample.at)) : "");

interface OneProps {
    samples: NumbersSample[];
    kind: Kind;
}

function Table({ samples, kind }: OneProps) {
    const fields: readonly Field[] = charts[kind];
    return (
        <table className="chart-table">
            <caption className="unseen">{admin.kinds[kind]}</caption>
            <thead>
                <tr>
                    <th scope="col">{admin.until}</th>
                    {fields.map((it) => (
                        <th scope="col" key={it}>
                            {admin.columns[it]}
                        </th>
                    ))}
                </tr>
            </thead>
            <tbody>
                {rowsOf(samples).map((row) => (
                    <tr key={row.at(-1)?.at}>
                        <th scope="row">{clockOf(row.at(-1))}</th>
                        {fields.map((it) => (
                            <td key={it}>{said(kind, inOne(row, it))}</td>
                        ))}
                    </tr>
                ))}
            </tbody>
        </table>
    );
}

function Chart({ samples, kind }: OneProps) {
    const lines = charts[kind].map((field) => samples.map((it) => it[field]));
    const most = Math.max(0, ...lines.flat().map((it) => it ?? 0));
    return (
        <>
            <p className="hour-now">{admin.nowAndMost(said(kind, lines[0]?.at(-1) ?? null), said(kind, most))}</p>
            <Lines
                lines={lines}
                label={admin.hourChart(admin.kinds[kind], said(kind, most))}
                from={clockOf(samples[0])}
                to={clockOf(samples.at(-1))}
            />
        </>
    );
}

export function Hour() {
    const { numbers, loading, error, retry } = useNumbers();
    const [asTable, setAsTable] = useState(false);
    return (
        <Panel title={admin.hour} intro={admin.hourIntro} icon="chart">
            {loading && <Loading>{admin.hourLoading}</Loading>}
            {!numbers && error && <Failed title={admin.hourFailed} error={error} retry={retry} />}
            {numbers && error && <Problem>{admin.numbersOld}</Problem>}
            {numbers?.items.length === 0 && <p>{admin.hourEmpty}</p>}
            {numbers && numbers.items.length > 0 && (
                <>
                    <div className="hour">
                        {(Object.keys(charts) as Kind[]).map((kind) => (
                            <section className="hour-one" key={kind}>
                                <h3>{admin.kinds[kind]}</h3>
                                <p className="hour-words">{admin.kindsHelp[kind]}</p>
                                {asTable ? (
                                    <Table samples={numbers.items} kind={kind} />
                                ) : (
                                    <Chart samples={numbers.items} kind={kind} />
                                )}
                            </section>
                        ))}
                    </div>
                    <div className="panel-actions">
                        <TableButton asTable={asTable} turn={setAsTable} />
                    </div>
                </>
            )}
        </Panel>
    );
}
