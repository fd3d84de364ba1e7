/*
 * A view whose code comes when it is first wanted. A screen reader that was told of the waiting page is told of the
 * real one; code that does not come is said plainly, and the rest of the page goes on.
 */
import { Component, Suspense, useLayoutEffect, useRef, type ReactNode } from "react";
import { words } from "../../words.ts";
import { Button } from "../Button/Button.tsx";
import { Empty, Loading } from "../States/States.tsx";

/* True from the moment a waiting page that had the focus goes until the view that it waited for has come. */
let focusWasHere = false;

function Waiting({ title }: { title: string }) {
    const heading = useRef<HTMLHeadingElement>(null);
    useLayoutEffect(() => {
        const element = heading.current;
        return () => {
            focusWasHere = element !== null && document.activeElement === element;
        };
    }, []);
    return (
        <main className="page" id="main" tabIndex={-1}>
            <h1 className="unseen" tabIndex={-1} ref={heading}>
                {title}
            </h1>
            <Loading cards={2}>{words.loading}</Loading>
        </main>
    );
}

function Here({ children }: { children: ReactNode }) {
    useLayoutEffect(() => {
        if (focusWasHere) document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
        focusWasHere = false;
    }, []);
    return children;
}

class Missing extends Component<{ title: string; children: ReactNode }, { missing: boolean }> {
    override state = { missing: false };

    static getDerivedStateFromError(): { missing: boolean } {
        return { missing: true };
    }

    override render(): ReactNode {
        if (!this.state.missing) return this.props.children;
        return (
            <main className="page" id="main" tabIndex={-1}>
                <h1 className="unseen" tabIndex={-1}>
                    {this.props.title}
                </h1>
                <Empty icon="cloud" title={words.status.pageMissing}>
                    <p>{words.status.pageMissingHelp}</p>
                    {/* A browser may remember that a file did not come: only a new page asks again. */}
                    <Button look="main" onClick={() => location.reload()}>
                        {words.status.reload}
                    </Button>
                </Empty>
            </main>
        );
    }
}

export function Later({ title, children }: { title: string; children: ReactNode }) {
    return (
        <Missing title={title} key={title}>
            <Suspense fallback={<Waiting title={title} />}>
                <Here>{children}</Here>
            </Suspense>
        </Missing>
    );
}
