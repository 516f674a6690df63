import requests

GREETING = "Dear reader"


def newsletter(url):
    """Format the newsletter.

    The text below is sent as it stands here.
    """
    page = requests.get(url)
    first, *others = page.text.splitlines()
    body = f"""{GREETING},
    today: {first}
  and {len(others)} more.
"""
    # Signed by hand.
    signature = '''
        -- the news desk'''
    status = page.status_code
    return body + signature, status
