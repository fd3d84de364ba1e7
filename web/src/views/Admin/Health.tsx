/*
 * Whether the server can serve, which version it is, since when it runs and what it takes.
 */
import { useEffect, useRef } from "react";
import { announce } from "../../components/Announcer/Announcer.tsx";
import { Panel } from "../../components/Panel/Panel.tsx";
import { Icon } from "../../components/Icon/Icon.tsx";
import { useFigures } from "../../hooks/useFigures.ts";
import { useHealth } from "../../hooks/useHealth.ts";
import { problemSentence } from "../../text/problem.ts";
import { words } from "../../words.ts";

const { admin } = words;

/* Says when it turns, not how it is at first: that is read with the page. null: not known yet. */
function useTurn(said: string | null): void {
    const before = useRef<string | null>(null);
    useEffect(() => {
        const turned = before.current !== null && said !== null && before.current !== said;
        before.current = said ?? before.current;
        return turned ? announce(said) : undefined;
    }, [said]);
}

export function Health() {
    const { loading, error, version } = useHealth();
    const { figures } = useFigures();
    const said = loading ? admin.checking : error ? `${admin.notReady} ${problemSentence(error)}` : admin.ready;
    useTurn(loading ? null : said);
    return (
        <Panel title={admin.health} icon="pulse">
            <dl className="health">
                <div>
                    <dt>{admin.state}</dt>
                    <dd className={`health-state${error ? " health-bad" : ""}`}>
                        {!loading && <Icon name={error ? "cloud" : "check"} />}
                        <span>{said}</span>
                    </dd>
                </div>
                {version && (
                    <div>
                        <dt>{admin.version}</dt>
                        <dd>{version}</dd>
                    </div>
                )}
                {figures && (
                    <>
                        <div>
                            <dt>{admin.started}</dt>
                            <dd>
                                <time dateTime={figures.startedAt}>{words.time.full(new Date(figures.startedAt))}</time>
                            </dd>
                        </div>
                        <div>
                            <dt>{admin.memory}</dt>
                            <dd>{admin.megabytes(figures.memoryBytes)}</dd>
                        </div>
                    </>
                )}
            </dl>
        </Panel>
    );
}
