// Reads descriptive inventory and ends: what it loads for that is gone from memory afterwards.
import { baseboard, bios, cpu, graphics, mem, osInfo, system } from 'systeminformation'

async function quiet<T>(what: Promise<T>): Promise<T | null> {
  return what.catch(() => null)
}

const [machine, board, firmware, processor, memory, os, display] = await Promise.all([
  quiet(system()),
  quiet(baseboard()),
  quiet(bios()),
  quiet(cpu()),
  quiet(mem()),
  quiet(osInfo()),
  quiet(graphics()),
])
const inventory = {
  system: machine && { manufacturer: machine.manufacturer, model: machine.model, virtual: machine.virtual },
  board: board && { manufacturer: board.manufacturer, model: board.model, version: board.version },
  bios: firmware && { vendor: firmware.vendor, version: firmware.version, releaseDate: firmware.releaseDate },
  cpu: processor && { brand: processor.brand, cores: processor.physicalCores, sockets: processor.processors },
  memoryBytes: memory?.total ?? null,
  os: os && { distro: os.distro, release: os.release, kernel: os.kernel, arch: os.arch },
  controllers: display?.controllers.map(({ vendor, model }) => ({ vendor, model })) ?? null,
}
process.stdout.write(JSON.stringify(inventory))
