/*
 * How many members looked in, day by day.
 */
import { ChartOrTable, Columns } from "../../components/Chart/Chart.tsx";
import { Panel } from "../../components/Panel/Panel.tsx";
import { Failed, Loading } from "../../components/States/States.tsx";
import { useNumbers } from "../../hooks/useNumbers.ts";
import type { Numbers } from "../../porchlight/index.ts";
import { words } from "../../words.ts";

const { admin } = words;

type Day = Numbers["days"][number];

/* A day has no hour: at noon it is the same day for everybody. */
const nameOf = ({ day }: Day): string => admin.day(new Date(`${day}T12:00:00`));

function Chart({ days }: { days: Day[] }) {
    const today = days.at(-1);
    const best = days.reduce<Day | undefined>((most, it) => (most && most.members > it.members ? most : it), undefined);
    if (!today || !best) return null;
    return (
        <div className="hour-one">
            <p>{admin.cameWords(today.members, best.members, nameOf(best))}</p>
            <Columns
                values={days.map(({ members }) => members)}
                label={admin.cameChart(days.length, best.members)}
                from={nameOf(days[0] ?? today)}
                to={words.together.today}
            />
        </div>
    );
}

function Table({ days }: { days: Day[] }) {
    return (
        <table className="chart-table">
            <caption className="unseen">{admin.came}</caption>
            <thead>
                <tr>
                    <th scope="col">{words.together.day}</th>
                    <th scope="col">{admin.members}</th>
                </tr>
            </thead>
            <tbody>
                {[...days].reverse().map((it) => (
                    <tr key={it.day}>
                        <th scope="row">{nameOf(it)}</th>
                        <td>{admin.count(it.members)}</td>
                    </tr>
                ))}
            </tbody>
        </table>
    );
}

export function Came() {
    const { numbers, loading, error, retry } = useNumbers();
    return (
        <Panel title={admin.came} intro={admin.cameIntro} icon="people">
            {loading && <Loading>{admin.cameLoading}</Loading>}
            {!numbers && error && <Failed title={admin.cameFailed} error={error} retry={retry} />}
            {numbers && (
                <ChartOrTable chart={<Chart days={numbers.days} />} table={<Table days={numbers.days} />} />
            )}
        </Panel>
    );
}
