/** Web MIDI: keyboards in, synthesisers out. Where the browser has none, it says so and the rest of the page works. */

export interface Port {
  readonly id: string;
  readonly name: string;
}

export interface MidiHandlers {
  press(pitch: number, velocity: number): void;
  release(pitch: number): void;
  pedal(down: boolean): void;
  gone(): void;
  say(text: string, alert?: boolean): void;
}

const PEDAL = 64;

export class Midi {
  available = $state(typeof navigator !== "undefined" && "requestMIDIAccess" in navigator);
  open = $state(false);
  inputs = $state.raw<readonly Port[]>([]);
  outputs = $state.raw<readonly Port[]>([]);
  output = $state("");
  private access: MIDIAccess | undefined;
  private readonly held = new Map<string, Set<number>>(); // by input: keys that are down

  constructor(private readonly handlers: MidiHandlers) {}

  async connect(): Promise<void> {
    try {
      this.access = await navigator.requestMIDIAccess();
    } catch {
      this.handlers.say("The browser gives no access to MIDI devices. Allow it in the site's settings.", true);
      return;
    }
    this.open = true;
    this.access.onstatechange = () => this.look();
    this.look();
    const names = this.inputs.map((one) => one.name).join(", ");
    this.handlers.say(names ? `Listening to ${names}.` : "No MIDI keyboard is connected yet; plug one in.");
  }

  send(on: boolean, pitch: number, velocity: number, in_s: number): void {
    const port = this.access?.outputs.get(this.output);
    port?.send(on ? [0x90, pitch, velocity] : [0x80, pitch, 0], performance.now() + in_s * 1000);
  }

  /** All notes off at the output. */
  silence(): void {
    this.access?.outputs.get(this.output)?.send([0xb0, 123, 0]);
  }

  private look(): void {
    const access = this.access;
    if (!access) return;
    const ports = (map: ReadonlyMap<string, MIDIPort>): Port[] =>
      [...map.values()].filter((one) => one.state === "connected").map(({ id, name }) => ({ id, name: name ?? id }));
    this.inputs = ports(access.inputs);
    this.outputs = ports(access.outputs);
    for (const input of access.inputs.values()) {
      if (input.state === "connected") input.onmidimessage = (event) => this.hear(input.id, event.data);
      else this.lost(input.id);
    }
    if (!this.outputs.some((one) => one.id === this.output)) this.output = "";
  }

  private hear(id: string, data: Uint8Array | null): void {
    const [status = 0, first = 0, second = 0] = data ?? [];
    const keys = this.held.get(id) ?? new Set<number>();
    this.held.set(id, keys);
    if ((status & 0xf0) === 0x90 && second > 0) {
      keys.add(first);
      this.handlers.press(first, second);
    } else if ((status & 0xf0) === 0x80 || (status & 0xf0) === 0x90) {
      keys.delete(first);
      this.handlers.release(first);
    } else if ((status & 0xf0) === 0xb0 && first === PEDAL) this.handlers.pedal(second >= 64);
  }

  private lost(id: string): void {
    if (!this.held.get(id)?.size) return;
    this.held.delete(id);
    this.handlers.gone();
  }
}
