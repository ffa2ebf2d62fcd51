import { Command, Option } from 'commander'

// The front door: one entry per subcommand, nothing else. Each loads only what it needs.
const config = new Option('--config <file>', 'configuration file')
const json = new Option('--json', 'print JSON')
const program = new Command('assay').description(
  'Hardware attestation and telemetry oracle for GPU collateral',
)
const done = async (code: Promise<number>): Promise<void> => {
  process.exitCode = await code
}

program
  .command('up')
  .description('run the whole path on this machine: chain, broker, three nodes, one agent, the page')
  .option('--rounds <n>', 'stop after this many posted rounds', Number)
  .option('--port <n>', 'port of the page', Number, 8420)
  .option('--source <spec>', 'reading source of the agent', 'auto')
  .option('--broker <url>', 'use this MQTT broker instead of the embedded one')
  .option('--influx <url>', 'write rollups to this InfluxDB 1.x database')
  .option('--rpc <url>', 'use this EVM chain instead of a local one')
  .option('--deployer-key-file <file>', 'funded key for --rpc (hex); not needed on a development chain')
  .option('--state <dir>', 'keep the state here instead of a temporary directory')
  .addOption(json)
  .action((options) => done(import('./oracle/up/up.ts').then(({ up }) => up(options))))

const agent = program.command('agent').description('the agent on a GPU host')
agent
  .command('run')
  .addOption(config)
  .action((options) =>
    done(import('./agent/cli/run.ts').then(({ agentRun }) => agentRun({ config: options.config ?? null }))),
  )
agent
  .command('doctor')
  .description('check everything that the agent needs, with how to mend it')
  .addOption(config)
  .addOption(json)
  .action((options) =>
    done(
      import('./agent/cli/doctor.ts').then(({ agentDoctor }) =>
        agentDoctor({ config: options.config ?? null, json: options.json }),
      ),
    ),
  )
agent
  .command('enroll')
  .addOption(config)
  .option('--token-file <file>', 'enrolment token; - reads standard input')
  .addOption(json)
  .action((options) =>
    done(
      import('./agent/cli/enroll.ts').then(({ agentEnroll }) =>
        agentEnroll({ config: options.config ?? null, ...options }),
      ),
    ),
  )

program
  .command('probe')
  .description('read the hardware once (or again and again) and print what was seen')
  .option('--once', 'one reading')
  .option(
    '--source <spec>',
    'auto, nvml, nvidia-smi[:FILE], dcgm-exporter:FILE|URL, kmsg:FILE, recording:FILE',
    'auto',
  )
  .option('--record <file>', 'also write what the source gave, to be replayed as recording:FILE')
  .addOption(json)
  .action((options) => done(import('./agent/cli/probe.ts').then(({ probeCommand }) => probeCommand(options))))

const settings = program.command('config').description("the agent's configuration")
settings
  .command('print')
  .addOption(config)
  .addOption(json)
  .action((options) =>
    done(
      import('./agent/cli/config.ts').then(({ configPrint }) =>
        configPrint({ config: options.config ?? null, json: options.json }),
      ),
    ),
  )
settings
  .command('check')
  .addOption(config)
  .action((options) =>
    done(
      import('./agent/cli/config.ts').then(({ configCheck }) =>
        configCheck({ config: options.config ?? null }),
      ),
    ),
  )
settings
  .command('sample')
  .action(() => done(import('./agent/cli/config.ts').then(({ configSample }) => configSample())))

program
  .command('node')
  .description('run one oracle node')
  .addOption(config)
  .action((options) =>
    done(
      import('./oracle/cli/node.ts').then(({ nodeCommand }) =>
        nodeCommand({ config: options.config ?? null }),
      ),
    ),
  )
program
  .command('broker')
  .description('run the embedded MQTT broker')
  .allowUnknownOption()
  .allowExcessArguments()
  .helpOption(false)
  .action((_options, command) =>
    done(
      import('./oracle/broker/runBrokerCommand.ts').then(({ runBrokerCommand }) =>
        runBrokerCommand(command.args),
      ),
    ),
  )
program
  .command('score')
  .description('score CHS-1 inputs from a file')
  .requiredOption('--inputs <file>', '{input:{…}} or {vectors:[{name,input}]}')
  .addOption(json)
  .action((options) =>
    done(import('./oracle/cli/score.ts').then(({ scoreCommand }) => scoreCommand(options))),
  )
program
  .command('explain <asset>')
  .description('from a score back to the signed bytes and forward to the transaction')
  .option('--round <n>', 'round number', Number)
  .option('--node <url>', 'node to ask', 'http://127.0.0.1:8420')
  .addOption(json)
  .action((asset, options) =>
    done(
      import('./oracle/cli/explain.ts').then(({ explainCommand }) => explainCommand({ asset, ...options })),
    ),
  )
program
  .command('export')
  .description('write a round with everything that it follows from, for `assay verify` elsewhere')
  .requiredOption('--out <file>', 'file to write')
  .option('--round <n>', 'round number; the newest posted one when left out', Number)
  .option('--node <url>', 'node to ask', 'http://127.0.0.1:8420')
  .action((options) =>
    done(import('./oracle/cli/export.ts').then(({ exportCommand }) => exportCommand(options))),
  )
program
  .command('verify <files...>')
  .description('verify any signed object, bundle or archive, offline')
  .option('--roster <fingerprint>', 'fingerprint of the roster that you pinned')
  .addOption(json)
  .action((files, options) =>
    done(
      import('./oracle/cli/verify.ts').then(({ verifyCommand }) =>
        verifyCommand({ files, ...options, json: options.json ?? false }),
      ),
    ),
  )

await program.parseAsync()
