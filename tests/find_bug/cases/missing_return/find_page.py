# kind: missing_return
def find_page(page, slug):
    """Return the page with a slug in a tree of pages, None if there is none.

    A page is a dictionary with a "slug" and maybe "children".
    """
    if page["slug"] == slug:
        return page
    for child in page.get("children", ()):
        find_page(child, slug)
    return None


def breadcrumbs(page, slug):
    """Return the slugs from the top down to a page; empty if it is not in the tree."""
    if find_page(page, slug) is None:
        return []
    below = (breadcrumbs(child, slug) for child in page.get("children", ()))
    return [page["slug"], *next(filter(None, below), [])]
