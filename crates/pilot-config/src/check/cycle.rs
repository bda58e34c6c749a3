//! Who waits for whom, in a circle.

/// Finds the circles of a graph; every node that cannot be left lies on, or leads to, one.
pub(super) fn circles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let stuck = stuck(edges);
    let next = |node: usize| edges[node].iter().copied().find(|to| stuck[*to]);
    let mut passed = vec![false; edges.len()];
    let mut circles = Vec::new();
    for start in (0..edges.len()).filter(|node| stuck[*node]) {
        let mut path = Vec::new();
        let mut node = Some(start);
        while let Some(here) = node.filter(|here| !passed[*here]) {
            passed[here] = true;
            path.push(here);
            node = next(here);
        }
        // Only where this walk met itself has it found a circle that is new.
        let met = node.and_then(|here| path.iter().position(|passed| *passed == here));
        circles.extend(met.map(|at| path.split_off(at)));
    }
    circles
}

/// Takes away what leads nowhere, until only what leads into a circle is left.
fn stuck(edges: &[Vec<usize>]) -> Vec<bool> {
    let mut stuck = vec![true; edges.len()];
    loop {
        let free = |node: &usize| stuck[*node] && !edges[*node].iter().any(|to| stuck[*to]);
        let freed: Vec<usize> = (0..edges.len()).filter(free).collect();
        if freed.is_empty() {
            return stuck;
        }
        freed.into_iter().for_each(|node| stuck[node] = false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_each_circle_once() {
        assert_eq!(circles(&[]), Vec::<Vec<usize>>::new());
        assert_eq!(
            circles(&[vec![1], vec![2], vec![]]),
            Vec::<Vec<usize>>::new()
        );
        assert_eq!(circles(&[vec![0]]), [[0]]);
        assert_eq!(circles(&[vec![1], vec![2], vec![1]]), [[1, 2]]);
        assert_eq!(
            circles(&[vec![1], vec![0], vec![3], vec![2], vec![0]]),
            [[0, 1], [2, 3]]
        );
    }
}
