/*
 * Numbers as a drawing, and the button that puts a table in its place for who prefers to read them.
 */
import { useLayoutEffect, useRef, useState, type ReactNode } from "react";
import { words } from "../../words.ts";
import { Button } from "../Button/Button.tsx";
import "./Chart.css";

const ROW_PX = 46;
const BAR_PX = 26;
/* Of a letter or a digit at the size of the text, wide ones too. */
const CHAR_EM = 0.68;
const GAP_PX = 10;
const LINE_PX = 96;
const COLUMN_GAP_PX = 3;

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

export interface Bar {
    key: string | number;
    name: string;
    /* In the place of the name, where there is little room. */
    short: string;
    value: number;
    text: string;
}

/* A row each; the last one is the one that counts. */
export function Bars({ bars, label }: { bars: Bar[]; label: string }) {
    const { element, width, em } = useWidth();
    const wide = width > 26 * em;
    const nameOf = (bar: Bar): string => (wide ? bar.name : bar.short);
    const widest = (texts: string[]): number => Math.max(...texts.map((it) => it.length)) * CHAR_EM * em;
    const left = widest(bars.map(nameOf)) + GAP_PX;
    const room = Math.max(20, width - left - widest(bars.map(({ text }) => text)) - GAP_PX);
    const most = Math.max(1, ...bars.map(({ value }) => value));
    const row = Math.max(ROW_PX, 2 * em);
    return (
        <div className="chart-drawing" ref={element}>
            {width > 0 && (
                <svg width={width} height={bars.length * row} role="img" aria-label={label}>
                    {bars.map((bar, index) => {
                        const long = Math.max(3, (Math.max(0, bar.value) / most) * room);
                        const middle = index * row + row / 2;
                        return (
                            <g key={bar.key} className={index === bars.length - 1 ? "chart-bar chart-bar-last" : "chart-bar"}>
                                <text x={0} y={middle} dominantBaseline="central">
                                    {nameOf(bar)}
                                </text>
                                <rect x={left} y={middle - BAR_PX / 2} width={long} height={BAR_PX} rx={6} />
                                <text
                                    className="chart-value"
                                    x={left + long + GAP_PX}
                                    y={middle}
                                    dominantBaseline="central"
                                >
                                    {bar.text}
                                </text>
                            </g>
                        );
                    })}
                </svg>
            )}
        </div>
    );
}

/* From left to right as time goes. The bottom is 0, the top the most there was in any of them. */
interface SpanProps {
    label: string;
    /* Of the first and of the last. */
    from: string;
    to: string;
}

function Ends({ from, to }: { from: string; to: string }) {
    return (
        <p className="chart-ends" aria-hidden="true">
            <span>{from}</span>
            <span>{to}</span>
        </p>
    );
}

interface LinesProps extends SpanProps {
    /* One or two; the first is the one to look at. null is a gap. */
    lines: (number | null)[][];
}

export function Lines({ lines, ...span }: LinesProps) {
    const { element, width } = useWidth();
    const most = Math.max(1, ...lines.flat().map((it) => it ?? 0));
    const last = Math.max(1, (lines[0]?.length ?? 0) - 1);
    const x = (index: number): number => 2 + (index / last) * (width - 4);
    const y = (value: number): number => LINE_PX - 3 - (value / most) * (LINE_PX - 6);
    const path = (points: (number | null)[]): string =>
        points
            .map((value, index) => {
                if (value === null) return "";
                const begins = index === 0 || points[index - 1] === null;
                /* A first one goes nowhere, so that one alone is a dot. */
                return `${begins ? "M" : "L"}${x(index).toFixed(1)} ${y(value).toFixed(1)}${begins ? "h0" : ""}`;
            })
            .join("");
    return (
        <div className="chart-drawing" ref={element}>
            {width > 0 && (
                <svg className="chart-lines" width={width} height={LINE_PX} role="img" aria-label={span.label}>
                    <line x1={0} x2={width} y1={LINE_PX - 1} y2={LINE_PX - 1} />
                    {[...lines].reverse().map((points, index) => (
                        <path key={lines.length - index} d={path(points)} />
                    ))}
                </svg>
            )}
            <Ends {...span} />
        </div>
    );
}

/* The last one is the one that counts. */
export function Columns({ values, ...span }: SpanProps & { values: number[] }) {
    const { element, width } = useWidth();
    const most = Math.max(1, ...values);
    const wide = width / values.length;
    return (
        <div className="chart-drawing" ref={element}>
            {width > 0 && (
                <svg className="chart-columns" width={width} height={LINE_PX} role="img" aria-label={span.label}>
                    {values.map((value, index) => {
                        const high = Math.max(2, (value / most) * LINE_PX);
                        return (
                            <rect
                                key={index}
                                x={index * wide}
                                y={LINE_PX - high}
                                width={Math.max(1, wide - COLUMN_GAP_PX)}
                                height={high}
                                rx={2}
                            />
                        );
                    })}
                </svg>
            )}
            <Ends {...span} />
        </div>
    );
}

export function TableButton({ asTable, turn }: { asTable: boolean; turn: (asTable: boolean) => void }) {
    return (
        <Button icon={asTable ? "chart" : "table"} onClick={() => turn(!asTable)}>
            {asTable ? words.chart.asChart : words.chart.asTable}
        </Button>
    );
}

/* One chart. Its table is always there for a screen reader. */
export function ChartOrTable({ chart, table }: { chart: ReactNode; table: ReactNode }) {
    const [asTable, setAsTable] = useState(false);
    return (
        <div className="chart">
            {!asTable && chart}
            <div className={asTable ? "" : "unseen"}>{table}</div>
            <TableButton asTable={asTable} turn={setAsTable} />
        </div>
    );
}
