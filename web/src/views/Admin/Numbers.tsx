/*
 * What happens on the server right now, in four numbers.
 */
import { Panel } from "../../components/Panel/Panel.tsx";
import { Failed, Loading, Problem } from "../../components/States/States.tsx";
import { useFigures } from "../../hooks/useFigures.ts";
import { words } from "../../words.ts";

const { admin } = words;

function Figure({ name, value, more }: { name: string; value: string; more?: string }) {
    return (
        <div className="number">
            <dt>{name}</dt>
            <dd className="number-value">{value}</dd>
            {more && <dd>{more}</dd>}
        </div>
    );
}

export function Numbers() {
    const { figures, loading, error, retry } = useFigures();
    return (
        <Panel title={admin.numbers} icon="gauge">
            {loading && <Loading>{admin.numbersLoading}</Loading>}
            {!figures && error && <Failed title={admin.numbersFailed} error={error} retry={retry} />}
            {figures && error && <Problem>{admin.numbersOld}</Problem>}
            {figures && (
                <dl className="numbers">
                    <Figure name={admin.here} value={admin.count(figures.here)} />
                    <Figure name={admin.sockets} value={admin.count(figures.sockets)} />
                    <Figure
                        name={admin.polls}
                        value={figures.pollsPerSecond === null ? admin.counting : admin.rate(figures.pollsPerSecond)}
                    />
                    <Figure
                        name={admin.flushes}
                        value={admin.count(figures.flushes)}
                        more={admin.waiting(figures.likesWaiting)}
                    />
                </dl>
            )}
        </Panel>
    );
}
