import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { buildRequest, effectiveParameters } from '../../src/core/build-request.js'
import { parseManifest } from '../../src/core/manifest.js'
import { type Media, type Shot, sourceWords } from '../../src/core/shot.js'
import { fileMedia, pro10, pro15, readOne, shot, take, urlMedia, v20 } from './builders.js'

const itself = ({ source }: Media) =>
  source.kind === 'file' ? `data:of-${source.path}` : sourceWords(source)
const request = (parts: Partial<Shot> = {}) => buildRequest(take(shot('a', parts)), 7, itself)

test('the example of the API documentation becomes the body that it documents', () => {
  const { manifest } = parseManifest(readFileSync('manifests/fox.yaml'), 'manifests/fox.yaml')
  expect(buildRequest(take(manifest.shots[0]!), 318_204, itself)).toEqual({
    model: 'doubao-seedance-2-0-mini-260615',
    content: [
      {
        type: 'text',
        text: '女孩抱着狐狸,女孩睁开眼,温柔地看向镜头,狐狸友善地抱着,镜头缓缓拉出,女孩的头发被风吹动,可以听到风声',
      },
      {
        type: 'image_url',
        image_url: { url: 'https://ark-project.tos-cn-beijing.volces.com/doc_image/i2v_foxrgirl.png' },
        role: 'first_frame',
      },
    ],
    ratio: 'adaptive',
    duration: 4,
    watermark: false,
    resolution: '720p',
    generate_audio: true,
    seed: 318_204,
  })
})

describe('fields that decide the price are explicit', () => {
  test('on 1.5 pro: resolution, duration and sound', () => {
    expect(request()).toMatchObject({ resolution: '720p', duration: 5, generate_audio: true })
  })

  test('with the default of the model', () => {
    expect(request({ model: pro10 })).toMatchObject({ resolution: '1080p', duration: 5 })
  })

  test('but sound is not spoken of to a model that makes none', () => {
    expect(request({ model: pro10 })).not.toHaveProperty('generate_audio')
  })

  test('and a draft is 480p', () => {
    expect(request({ parameters: { draft: true } })).toMatchObject({ resolution: '480p', draft: true })
  })

  test('and frames take the place of a duration', () => {
    const body = request({ model: pro10, parameters: { frames: 29 } })
    expect(body.frames).toBe(29)
    expect(body).not.toHaveProperty('duration')
  })

  test('unless the model is not known: then nothing is made up', () => {
    expect(request({ model: 'ep-1', parameters: { ratio: '1:1' } })).toEqual({
      model: 'ep-1',
      content: [{ type: 'text', text: 'a fox' }],
      ratio: '1:1',
      seed: 7,
    })
  })

  test('or a profile says what it is', () => {
    expect(request({ model: 'ep-1', modelProfile: v20 })).toMatchObject({
      model: 'ep-1',
      resolution: '720p',
      duration: 5,
      generate_audio: true,
    })
    expect(request({ model: 'ep-1', modelProfile: pro10 })).toMatchObject({ resolution: '1080p' })
    expect(request({ model: 'ep-1', modelProfile: pro10 })).not.toHaveProperty('generate_audio')
  })

  test('and what the manifest states is never changed', () => {
    const parameters = { resolution: '1080p', duration: -1, generate_audio: false }
    expect(effectiveParameters(shot('a', { parameters }))).toEqual(parameters)
  })
})

describe('content', () => {
  test('has a role on every image, also when there is only one', () => {
    const media = [urlMedia('first_frame', 'https://a.example/1'), fileMedia('last_frame', 'b.png')]
    expect(request({ media }).content.slice(1)).toEqual([
      { type: 'image_url', image_url: { url: 'https://a.example/1' }, role: 'first_frame' },
      { type: 'image_url', image_url: { url: 'data:of-b.png' }, role: 'last_frame' },
    ])
  })

  test('has references of each kind in their own shape', () => {
    const media = [
      urlMedia('reference_image', 'https://a.example/i'),
      urlMedia('reference_video', 'https://a.example/v'),
      urlMedia('reference_audio', 'https://a.example/a'),
    ]
    expect(request({ model: v20, media }).content.slice(1)).toEqual([
      { type: 'image_url', image_url: { url: 'https://a.example/i' }, role: 'reference_image' },
      { type: 'video_url', video_url: { url: 'https://a.example/v' }, role: 'reference_video' },
      { type: 'audio_url', audio_url: { url: 'https://a.example/a' }, role: 'reference_audio' },
    ])
  })

  test('keeps the order of a manifest: prompts count their references', () => {
    const { media } = readOne(
      `version: 1\nshots: { a: { model: ${v20}, prompt: x, reference_audio: [c.wav], reference_videos: [{ url: b.mp4, seconds: 5 }], reference_images: [a.png, "asset://asset-1"] } }`,
    )
    expect(request({ model: v20, media }).content.slice(1)).toEqual([
      { type: 'image_url', image_url: { url: 'data:of-a.png' }, role: 'reference_image' },
      { type: 'image_url', image_url: { url: 'asset://asset-1' }, role: 'reference_image' },
      { type: 'video_url', video_url: { url: 'data:of-b.mp4' }, role: 'reference_video' },
      { type: 'audio_url', audio_url: { url: 'data:of-c.wav' }, role: 'reference_audio' },
    ])
  })

  test('has no text without a prompt', () => {
    const media = [urlMedia('first_frame', 'https://a.example/1')]
    expect(request({ prompt: undefined, media }).content).toHaveLength(1)
  })
})

describe('the rest of the body', () => {
  test('names the tier only when it is flex', () => {
    expect(request({ parameters: { service_tier: 'flex' } })).toMatchObject({ service_tier: 'flex' })
    expect(request({ parameters: { service_tier: 'default' } })).not.toHaveProperty('service_tier')
    expect(request()).not.toHaveProperty('service_tier')
  })

  test('carries the seed that was decided, whatever the shot states', () => {
    expect(request({ parameters: { seed: 1 } }).seed).toBe(7)
  })

  test('passes what stands in extra', () => {
    expect(request({ extra: { priority: 3, tools: [{ type: 'web_search' }] } })).toMatchObject({
      priority: 3,
      tools: [{ type: 'web_search' }],
    })
  })

  test('holds nothing that is only for this tool', () => {
    const { content: _, ...rest } = buildRequest(
      take(
        readOne(
          `version: 1\nshots: { a: { model: ${pro15}, model_profile: ${pro15}, prompt: x, takes: 3, tags: [t], skip: true } }`,
        ),
        2,
      ),
      7,
      itself,
    )
    expect(Object.keys(rest).sort()).toEqual(['duration', 'generate_audio', 'model', 'resolution', 'seed'])
  })

  test('passes deadline, callback and last frame', () => {
    const parameters = {
      execution_expires_after: 3600,
      callback_url: 'https://a.example/hook',
      return_last_frame: true,
    }
    expect(request({ parameters })).toMatchObject(parameters)
  })
})
