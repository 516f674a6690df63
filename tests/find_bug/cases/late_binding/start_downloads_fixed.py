# kind: late_binding
import queue
import threading


def start_downloads(urls, fetch):
    """Fetch every address in a thread of its own.

    Returns the started threads and a queue of (url, body) in order of completion.
    """
    results = queue.Queue()
    threads = []
    for url in urls:
        thread = threading.Thread(
            target=lambda url=url: results.put((url, fetch(url))),
            name=f"download-{len(threads)}",
            daemon=True,
        )
        threads.append(thread)
    for thread in threads:
        thread.start()
    return threads, results
