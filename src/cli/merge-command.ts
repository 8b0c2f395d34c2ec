import type { CAC } from 'cac'
import type { CommandContext } from './command-context.js'
import { exitStatus } from './exit-status.js'

/** Adds `merge`, which git calls as a merge driver: `shotlock merge %O %A %B`. */
export function addMergeCommand(program: CAC, { surroundings, terminal, setStatus }: CommandContext): void {
  program
    .command('merge <base> <ours> <theirs>', 'Merge two lockfiles into OURS; git calls it as a merge driver')
    .action(async (base: string, ours: string, theirs: string) => {
      const { merge } = await import('../commands/merge.js')
      const { describeContradiction } = await import('../core/merge-lockfiles.js')
      const options = { base, ours, theirs, cwd: surroundings.cwd }
      const { contradictions } = await merge(options, await surroundings.files())
      if (contradictions.length === 0) return
      for (const one of contradictions) terminal.note(`${describeContradiction(one)}.`)
      terminal.note([
        'Nothing was merged. OURS is as it was and lacks what THEIRS paid for: do not commit it as the merge.',
        'Settle these takes on one branch (an unknown create with shotlock reconcile, a pick with shotlock pick --undo, a decision with shotlock approve or reject), then merge again.',
      ])
      setStatus(exitStatus.failed)
    })
}
