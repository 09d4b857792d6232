/** One websocket that comes back by itself: what is said meanwhile waits, unless it is about a moment that is over. */

import { PROTOCOL, type Message, type Settings } from "./protocol";

export type Status = "off" | "connecting" | "on" | "lost";

export interface Hello {
  model?: string;
  settings: Settings;
  prompt?: { notes: unknown[] };
}

export interface Handlers {
  hello(): Hello;
  status(status: Status, detail: string): void;
  message(message: Message): void;
}

const FIRST_WAIT_S = 0.5;
const LONGEST_WAIT_S = 8;
const LEAD_S = 0.03; // what is due comes so much before its time, for the sound card's clock
const FINAL = new Map([
  [4000, "This page and the server are of different versions: load the page again."],
  [4001, "The server wants its token: open the address that it printed."],
]);

export class Connection {
  private socket: WebSocket | undefined;
  private wait_s = FIRST_WAIT_S;
  private retry = 0;
  private waiting: object[] = [];
  private wanted = false;

  constructor(private readonly handlers: Handlers) {}

  open(): void {
    if (this.wanted) return;
    this.wanted = true;
    this.connect();
  }

  close(): void {
    this.wanted = false;
    window.clearTimeout(this.retry);
    this.send({ type: "bye" });
    this.socket?.close(1000);
    this.socket = undefined;
    this.waiting = [];
    this.handlers.status("off", "");
  }

  /** Says something, or keeps it until the server has said welcome. */
  send(message: object): void {
    if (this.socket?.readyState === WebSocket.OPEN && !this.waiting.length) this.socket.send(JSON.stringify(message));
    else if (this.wanted) this.waiting.push(message);
  }

  private connect(): void {
    this.handlers.status("connecting", "");
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/api/play`);
    this.socket = socket;
    const held = this.waiting;
    this.waiting = [{}]; // nothing goes out before welcome
    socket.onopen = () =>
      socket.send(JSON.stringify({ type: "hello", protocol: PROTOCOL, lead_s: LEAD_S, ...this.handlers.hello() }));
    socket.onmessage = (event: MessageEvent<string>) => {
      const message = JSON.parse(event.data) as Message;
      if (message.type === "welcome") {
        this.wait_s = FIRST_WAIT_S;
        const late = [...held, ...this.waiting.slice(1)];
        this.waiting = [];
        this.handlers.status("on", "");
        this.handlers.message(message);
        for (const one of late) this.send(one);
      } else this.handlers.message(message);
    };
    socket.onclose = (event) => this.lost(socket, event);
  }

  private lost(socket: WebSocket, event: CloseEvent): void {
    if (socket !== this.socket || !this.wanted) return;
    this.socket = undefined;
    this.waiting = [];
    const final = FINAL.get(event.code);
    if (final) {
      this.wanted = false;
      this.handlers.status("off", final);
      return;
    }
    this.handlers.status("lost", event.code === 1013 ? "The server has too many players; trying again." : "");
    this.retry = window.setTimeout(() => this.connect(), this.wait_s * 1000);
    this.wait_s = Math.min(this.wait_s * 2, LONGEST_WAIT_S);
  }
}
