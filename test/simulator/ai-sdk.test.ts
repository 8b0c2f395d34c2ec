import { createByteDance } from '@ai-sdk/bytedance'
import { experimental_generateVideo as generateVideo } from 'ai'
import { ALL_FORMATS, BufferSource, Input } from 'mediabunny'
import { expect, onTestFinished, test } from 'vitest'
import { startSimulator } from '../../src/simulator/server.js'
import { download } from './rig.js'

test('another client of the service, the AI SDK, makes a playable video here', async () => {
  const simulator = await startSimulator({ key: 'sdk-key', queuedMs: 1, taskMs: { min: 1, max: 1 } })
  onTestFinished(() => simulator.close())
  const byteDance = createByteDance({ apiKey: 'sdk-key', baseURL: simulator.baseUrl })

  const { video, providerMetadata } = await generateVideo({
    model: byteDance.video('seedance-1-5-pro-251215'),
    prompt: 'a fox in the snow',
    aspectRatio: '9:16',
    resolution: '864x496',
    duration: 4,
    seed: 7,
    providerOptions: { bytedance: { watermark: false, generateAudio: false, pollIntervalMs: 5 } },
    // The SDK's own downloader refuses loopback addresses.
    download: async ({ url }) => ({ data: await download(url.href), mediaType: 'video/mp4' }),
  })

  const input = new Input({ source: new BufferSource(video.uint8Array), formats: ALL_FORMATS })
  expect(await input.computeDuration()).toBeCloseTo(4, 0)
  expect(providerMetadata.bytedance).toMatchObject({ usage: { completion_tokens: 40594 } })
  expect(simulator.log()[0]).toMatchObject({ event: 'create', accepted: true, seed: 7 })
})
