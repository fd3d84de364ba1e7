/*
 * When the program itself fails: an honest page instead of a blank one.
 */
import { Component, type ReactNode } from "react";
import { words } from "../../words.ts";
import { Button } from "../Button/Button.tsx";
import { Empty } from "../States/States.tsx";

export class Crash extends Component<{ children: ReactNode }, { failed: boolean }> {
    override state = { failed: false };

    static getDerivedStateFromError(): { failed: boolean } {
        return { failed: true };
    }

    override render(): ReactNode {
        if (!this.state.failed) return this.props.children;
        return (
            <main className="door" id="main" tabIndex={-1}>
                <h1 className="unseen">{words.brand}</h1>
                <Empty icon="cloud" title={words.status.crash}>
                    <p>{words.status.crashHelp}</p>
                    <Button look="main" onClick={() => location.reload()}>
                        {words.status.reload}
                    </Button>
                </Empty>
            </main>
        );
    }
}
