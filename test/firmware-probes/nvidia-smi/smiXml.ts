/** A small `nvidia-smi -q -x` document of our own making; `gpu` texts replace those of the same element path. */
export function smiXml(options: {
  readonly schema?: number
  readonly gpus?: readonly Readonly<Record<string, string>>[]
  readonly attached?: number
}): string {
  const gpus = options.gpus ?? [{}]
  return `<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v${options.schema ?? 13}.dtd">
<nvidia_smi_log>
  <driver_version>580.95.05</driver_version>
  <attached_gpus>${options.attached ?? gpus.length}</attached_gpus>
${gpus.map((gpu, i) => gpuXml(i, gpu)).join('\n')}
</nvidia_smi_log>
`
}

const BASE: Readonly<Record<string, string>> = {
  product_name: 'NVIDIA TEST 80GB',
  product_architecture: 'Hopper',
  persistence_mode: 'Enabled',
  'mig_mode/current_mig': 'Disabled',
  'mig_mode/pending_mig': 'Disabled',
  serial: '1650999000001',
  board_part_number: '900-0TEST-0000-000',
  pdi: '0x00ab',
  vbios_version: '96.00.00.00.01',
  'inforom_version/img_version': 'G520.0000.00.01',
  'platformInfo/module_id': '3',
  gpu_recovery_action: 'None',
  'pci/pci_bus_id': '00000000:1A:00.0',
  'pci/pci_gpu_link_info/pcie_gen/current_link_gen': '5',
  'pci/pci_gpu_link_info/link_widths/current_link_width': '16x',
  'pci/replay_counter': '12',
  performance_state: 'P2',
  'clocks_event_reasons/clocks_event_reason_gpu_idle': 'Not Active',
  'clocks_event_reasons/clocks_event_reason_sw_power_cap': 'Active',
  'clocks_event_reasons/clocks_event_reason_hw_thermal_slowdown': 'Active',
  'fb_memory_usage/total': '81559 MiB',
  'fb_memory_usage/used': '1 MiB',
  'utilization/gpu_util': '97 %',
  'ecc_mode/current_ecc': 'Enabled',
  'ecc_errors/volatile/sram_correctable': '1',
  'ecc_errors/volatile/sram_uncorrectable_parity': '2',
  'ecc_errors/volatile/sram_uncorrectable_secded': '3',
  'ecc_errors/volatile/dram_correctable': '10',
  'ecc_errors/volatile/dram_uncorrectable': '20',
  'temperature/gpu_temp': '45 C',
  'temperature/gpu_temp_slow_tlimit_threshold': '-2 C',
  'gpu_power_readings/average_power_draw': '612.35 W',
  'gpu_power_readings/current_power_limit': '700.00 W',
  'clocks/sm_clock': '1980 MHz',
  'remapped_rows/remapped_row_unc': '4',
  'remapped_rows/remapped_row_pending': 'Yes',
  'remapped_rows/row_remapper_histogram/row_remapper_histogram_max': '2560 bank(s)',
  processes: '',
}

type Tree = { [name: string]: Tree | string }

function gpuXml(index: number, own: Readonly<Record<string, string>>): string {
  const tree: Tree = {}
  const put = (path: string, text: string) => {
    const names = path.split('/')
    const last = names.pop() ?? ''
    let at = tree
    for (const name of names) {
      const next = at[name]
      if (typeof next === 'string') return
      at[name] = next ?? {}
      at = at[name] as Tree
    }
    at[last] = text
  }
  for (const [path, text] of Object.entries({
    ...BASE,
    uuid: `GPU-0000000${index}-1111-2222-3333-444444444444`,
  })) {
    if (!Object.keys(own).some((mine) => path.startsWith(`${mine}/`))) put(path, text)
  }
  for (const [path, text] of Object.entries(own)) put(path, text)
  const show = (node: Tree): string =>
    Object.entries(node)
      .map(([name, value]) => `<${name}>${typeof value === 'string' ? value : show(value)}</${name}>`)
      .join('\n')
  return `<gpu id="00000000:1A:00.0">${show(tree)}</gpu>`
}
