#!/usr/bin/env python3
"""The same afternoon in Python, with its standard library alone: a pool of threads, each create with retries, a loop
that asks, a download. What it does not do is what batch.mjs does not do.

    batch.py BASE_URL KEY REQUESTS.jsonl FOLDER CONCURRENCY POLL_MS
"""

import json
import os
import random
import shutil
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

base_url, key, requests_file, folder, concurrency, poll_ms = sys.argv[1:]
url = f"{base_url}/contents/generations/tasks"
headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
tries = 5


def call(target, data=None, with_key=True):
    for attempt in range(1, tries + 1):
        request = urllib.request.Request(target, data=data, headers=headers if with_key else {})
        try:
            return urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as error:
            if attempt == tries or (error.code != 429 and error.code < 500):
                raise
        except OSError:
            if attempt == tries:
                raise
        time.sleep(0.5 * 2**attempt * random.random())


def read_json(target, data=None):
    with call(target, data) as response:
        return json.load(response)


def make_video(numbered):
    index, body = numbered
    task_id = read_json(url, body.encode())["id"]
    while True:
        time.sleep(int(poll_ms) / 1000)
        task = read_json(f"{url}/{task_id}")
        if task["status"] == "succeeded":
            with call(task["content"]["video_url"], with_key=False) as response:
                with open(os.path.join(folder, f"{index}.mp4"), "wb") as video:
                    shutil.copyfileobj(response, video)
        if task["status"] not in ("queued", "running"):
            return {"id": task_id, "status": task["status"]}


def safely(numbered):
    try:
        return make_video(numbered)
    except Exception as error:
        return {"status": "failed", "error": str(error)}


os.makedirs(folder, exist_ok=True)
with open(requests_file, encoding="utf-8") as lines:
    bodies = lines.read().splitlines()
with ThreadPoolExecutor(int(concurrency)) as pool:
    results = list(pool.map(safely, enumerate(bodies)))
with open(os.path.join(folder, "results.json"), "w", encoding="utf-8") as out:
    json.dump(results, out, indent=2)
sys.exit(0 if all(result["status"] == "succeeded" for result in results) else 1)
